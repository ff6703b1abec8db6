"""What the sarif gate is made of."""
