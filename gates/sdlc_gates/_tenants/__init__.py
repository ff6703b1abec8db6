"""What the tenant-isolation gate is made of."""
