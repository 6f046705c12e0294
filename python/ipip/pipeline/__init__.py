"""Runs stages in a folder: finished ones are never repeated, killed ones are continued."""
