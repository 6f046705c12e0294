"""Errors that a user can meet, and the exit status each one ends with."""

__all__ = ["InUseError", "InputError", "IpipError", "MissingExtraError", "SettingsError"]


class IpipError(Exception):
    """A failure, described in one sentence; the command line ends with status 1."""

    exit_status = 1


class InputError(IpipError):
    """Wrong input: the message names the value, what was expected and what to do (status 2)."""

    exit_status = 2


class SettingsError(InputError, ValueError):
    """Invalid settings made in Python: one line for each wrong key."""


class MissingExtraError(InputError, ImportError):
    """The request needs packages of an extra that is not installed."""


class InUseError(IpipError):
    """Another process writes to the requested folder or file (status 1)."""
