"""Limits that a GPU sets for a student's kernels, on paper (docs/gpu.md)."""
