"""The command line: thin layers over documented functions."""
