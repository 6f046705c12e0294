"""Predictions of a student in memory, with compiled kernels or PyTorch."""
