"""The contract of students: what a network must satisfy to be trained and to run in LAMMPS."""

from ipip.testing.student.contract import check_student, student_checks

__all__ = ["check_student", "student_checks"]
