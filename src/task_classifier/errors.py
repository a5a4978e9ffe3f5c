"""The errors a user can meet: each names what was wrong, what to do next, and carries a stable code."""

from __future__ import annotations


class TaskClassifierError(Exception):
    """Base of every error this package raises on purpose.

    Parameters
    ----------
    message : str
        What was wrong and what to do next. Never the user's text.
    code : str
        Stable identifier for programs, such as ``"empty_text"``.
    """

    exit_status = 2
    """Exit status of the command line: 2 is the user's mistake, 3 a fault."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.message = message
        self.code = code


class TextError(TaskClassifierError):
    """A text that cannot be classified: empty, too long, not Unicode."""


class TableError(TaskClassifierError):
    """A file of rows that cannot be read or written as asked."""


class TaxonomyError(TaskClassifierError):
    """A taxonomy file that breaks its rules."""


class DataError(TaskClassifierError):
    """Labelled descriptions that cannot be trained or evaluated on."""


class ModelError(TaskClassifierError):
    """A model folder that is missing, damaged, unsafe or of another format."""


class FaultError(TaskClassifierError):
    """Something outside the user's control failed: disk, memory, or this program."""

    exit_status = 3
