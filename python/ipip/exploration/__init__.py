"""Frames before there is a student: the teacher's MD, walks over minima, different ones of both."""
