"""Frames before the first student: the teacher's MD, walks over minima, diverse selections."""
