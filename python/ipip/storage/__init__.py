"""Storage of files: written whole or not at all, with a digest, by one process at a time."""
