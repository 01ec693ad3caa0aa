"""The bundled model, trained from scratch: faces, voices, words, and what joins them."""
