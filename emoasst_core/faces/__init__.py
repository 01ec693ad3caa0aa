"""Finds faces, follows each person, cuts out what the vision tower sees."""
