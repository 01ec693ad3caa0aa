"""What was said, with the time of every word."""
