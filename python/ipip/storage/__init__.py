"""How files are kept: whole or not at all, with a digest, and written by one process at a time."""
