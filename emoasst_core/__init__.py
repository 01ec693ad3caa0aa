"""EmoAsst without a window. Importing it loads no model and no heavy library."""
