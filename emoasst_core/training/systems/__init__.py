"""How the compared systems are trained: one set of examples, one recipe each."""
