"""The contract of students: requirements on a network for training and for LAMMPS."""

from ipip.testing.student.contract import check_student, student_checks

__all__ = ["check_student", "student_checks"]
