"""What to train, on which features, with which losses."""
