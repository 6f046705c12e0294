"""What the loop decides: pure functions on small data, which need no MD, DFT or training."""
