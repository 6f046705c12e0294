"""The command line: thin shells over documented functions."""
