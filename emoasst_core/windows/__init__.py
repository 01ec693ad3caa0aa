"""Cuts time: where somebody speaks, where an utterance ends, which frames stand for it."""
