"""Qt models over the values of the core."""
