"""One page per thing to do."""
