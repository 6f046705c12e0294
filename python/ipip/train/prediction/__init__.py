"""What a student in memory predicts, by compiled kernels or by PyTorch."""
