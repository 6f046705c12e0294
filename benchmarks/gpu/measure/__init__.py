"""Measures the kernels on a GPU, from the archive of `benchmarks.gpu.pack`, with only Python."""
