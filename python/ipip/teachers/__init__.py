"""Teachers: foundation potentials that explore and label, in processes of their own."""

from ipip.teachers.process import FrameError, TeacherError
from ipip.teachers.results import MDJob, MDResult, TeacherInfo
from ipip.teachers.teacher import Teacher

__all__ = ["FrameError", "MDJob", "MDResult", "Teacher", "TeacherError", "TeacherInfo"]
