"""Preparation of a student and its frames before the first step."""
