"""Runs stages in a folder: what is done is never redone, what was killed continues."""
