"""One module per report format; each is found through its entry point only."""
