"""Settings: plain data with units, checked when read; a leaf of the import graph."""
