"""Score a CSV file: the same rows in the same order, with the answer's columns after the user's own."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from task_classifier.errors import TableError, TextError
from task_classifier.model import TaskModel
from task_classifier.prediction import COLUMNS, error_columns
from task_classifier.tables.csv_table import CsvReader, Reject, whole_file, write_rejects


@dataclass(slots=True)
class Summary:
    """What a run did: rows written and rejected, rows with an error, and answers counted."""

    rows: int = 0
    errors: int = 0
    rejects: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    statuses: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)

    def add(self, answer: dict[str, str]) -> None:
        """Count one row's answer."""
        self.rows += 1
        self.errors += bool(answer["error"])
        if not answer["error"]:
            self.labels[answer["label"] or "outside"] += 1
            self.categories[answer["category"] or "outside"] += 1
            self.statuses[answer["status"]] += 1


def score_csv(
    model: TaskModel,
    source: Path,
    target: Path,
    text_column: str | None = None,
    overwrite: bool = False,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Summary:
    """Score a CSV file into another.

    Parameters
    ----------
    model : TaskModel
    source, target : Path
        Broken records of the source go to ``<target>.rejects.csv``.
    text_column : str, optional
        The column to classify; by default the one called text or description.
    overwrite : bool
        Replace an existing target.
    on_progress : callable
        Called with the bytes read so far and in all.

    Raises
    ------
    TableError
        Before anything is written: ``file_not_found``, ``column_not_found``, ``output_exists``, ...
    """
    with CsvReader(source) as reader:
        column = reader.column(text_column)
        _check_target(source, target, overwrite)
        summary, rejects = Summary(), list[Reject]()
        with whole_file(target) as handle:
            writer = csv.writer(handle, lineterminator="\n")
            writer.writerow(reader.header + _answer_names(reader.header))
            for row in reader:
                if isinstance(row, Reject):
                    rejects.append(row)
                    continue
                answer = answer_columns(model, row.fields[column])
                writer.writerow(row.fields + list(answer.values()))
                summary.add(answer)
                on_progress(row.end, reader.size)
    summary.rejects = len(rejects)
    _write_rejects(target, rejects)
    return summary


def answer_columns(model: TaskModel, text: str) -> dict[str, str]:
    """Return the answer's columns for one text; an unreadable text fills ``error``."""
    try:
        return model.answer(text).to_columns()
    except TextError as error:
        return error_columns(error.code, model.version)


def rejects_path(target: Path) -> Path:
    """Return where the rejects of an output go."""
    return target.with_name(target.name + ".rejects.csv")


def _answer_names(header: list[str]) -> list[str]:
    """Return the names of the answer's columns, prefixed where the user has one of that name."""
    return [f"predicted_{name}" if name in header else name for name in COLUMNS]


def _check_target(source: Path, target: Path, overwrite: bool) -> None:
    if target.is_dir():
        raise TableError(f"{target} is a folder; give the name of a file.", "output_unwritable")
    if target.exists() and target.samefile(source):
        raise TableError("Input and output are the same file; give another output.", "output_is_input")
    if target.exists() and not overwrite:
        raise TableError(f"{target} exists already; choose another name or add --overwrite.", "output_exists")
    if not target.parent.is_dir():
        raise TableError(f"There is no folder {target.parent} for the output.", "output_unwritable")


def _write_rejects(target: Path, rejects: list[Reject]) -> None:
    path = rejects_path(target)
    if rejects:
        write_rejects(path, rejects)
    else:
        path.unlink(missing_ok=True)  # of an earlier run
