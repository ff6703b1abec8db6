"""What a project declares that it needs, read from its files without running any of them."""
