"""Files that people send: whether they can be had, where they land, and what was said in them."""
