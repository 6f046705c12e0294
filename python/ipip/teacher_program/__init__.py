"""The program of a teacher's process, run by the interpreter of the teacher's environment.

It needs only the standard library, numpy, ase and the teacher's package, and never imports ipip:
``__main__.py``, run by its path, loads this folder as the package ``ipip_worker``.
"""
