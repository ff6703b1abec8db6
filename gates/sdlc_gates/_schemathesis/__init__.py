"""What the schemathesis gate is made of."""
