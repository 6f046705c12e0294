"""Decisions of the loop: pure functions on small data, which need no MD, DFT or training."""
