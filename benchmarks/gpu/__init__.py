"""What a GPU allows the kernels of a student, on paper (docs/gpu.md)."""
