"""Listings of data sets: one pure function per collection, from its folder to rows."""
