"""Which model answers. Pure: plain data in, a value with its reason out."""
