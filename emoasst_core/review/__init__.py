"""What an adult does with a session afterwards: correct it, sum it up, take it elsewhere."""
