"""From labelled clips to weights: listings, stored features, one loop, recipes."""
