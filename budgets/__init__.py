"""Who may spend what. Pure: plain data in, a value with its reason out."""
