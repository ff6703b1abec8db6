"""One module per gate; each is found through its entry point only."""
