"""EmoAsst and the four systems it is compared with, all behind one protocol: `recogniser.Recogniser`."""
