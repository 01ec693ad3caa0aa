"""Vision, audio and text towers behind one protocol, from model folders."""
