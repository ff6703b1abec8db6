"""What the semgrep gate is made of."""
