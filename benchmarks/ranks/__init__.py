"""`pair_style ipip` on one rank and on two, and what it means for more."""
