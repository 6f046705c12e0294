"""`pair_style ipip` on one rank and on two, extrapolated to more."""
