"""Tables and pictures of a run, from its figures alone."""

from ipip.report.content import Parity, ReportContent
from ipip.report.write import write_report

__all__ = ["Parity", "ReportContent", "write_report"]
