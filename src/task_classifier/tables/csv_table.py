"""CSV in and out, strictly: every record of the input becomes either a row or a reject with its place and reason."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from task_classifier.errors import FaultError, TableError

MAX_RECORD_BYTES = 4 << 20
"""A record longer than this has lost a quote: its first line is rejected and reading goes on after it."""

_UTF8_BOM = b"\xef\xbb\xbf"
_OTHER_BOMS = {b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}

csv.field_size_limit(MAX_RECORD_BYTES)


@dataclass(frozen=True, slots=True)
class Record:
    """A record as it stands in the file: its bytes, first line (from 1) and byte offset (from 0)."""

    content: bytes
    line: int
    offset: int


@dataclass(frozen=True, slots=True)
class Reject:
    """A record that cannot be read as a row, with the reason."""

    record: Record
    reason: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row's fields, in the order of the header, and the byte offset after it."""

    fields: list[str]
    end: int


class CsvReader:
    """Rows of a CSV file in UTF-8, with or without a byte-order mark.

    Parameters
    ----------
    path : Path

    Attributes
    ----------
    header : list of str
    size : int
        Bytes in the file.

    Raises
    ------
    TableError
        ``file_not_found``, ``empty_table``, ``wrong_encoding``, ``duplicate_column``.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = _size(path)
        self._handle = path.open("rb")
        try:
            self._records = _records(self._handle, _skip_bom(self._handle, path))
            self.header = self._read_header()
        except TableError:
            self._handle.close()
            raise

    def __enter__(self) -> CsvReader:
        return self

    def __exit__(self, *exception: object) -> None:
        self._handle.close()

    def __iter__(self) -> Iterator[Row | Reject]:
        for record in self._records:
            try:
                fields = _parse(record)
            except _BrokenRecordError as error:
                yield Reject(record, str(error))
                continue
            if len(fields) != len(self.header):
                yield Reject(record, f"{len(fields)} fields where the header has {len(self.header)}")
            else:
                yield Row(fields, record.offset + len(record.content))

    def column(self, name: str | None) -> int:
        """Return the index of the text column.

        Parameters
        ----------
        name : str or None
            None looks for the one column called text or description, whatever its case.

        Raises
        ------
        TableError
            ``column_not_found``, naming the columns there are.
        """
        if name is not None and name in self.header:
            return self.header.index(name)
        likely = [i for i, found in enumerate(self.header) if found.strip().lower() in ("text", "description")]
        if name is None and len(likely) == 1:
            return likely[0]
        wanted = f"no column {name!r}" if name is not None else "no one column called text or description"
        raise TableError(
            f"{self.path} has {wanted}; its columns are {', '.join(map(repr, self.header))}. "
            "Name the one to classify with --text-column.",
            "column_not_found",
        )

    def _read_header(self) -> list[str]:
        record = next(self._records, None)
        if record is None:
            raise TableError(f"{self.path} is empty; its first line must name the columns.", "empty_table")
        try:
            header = _parse(record)
        except _BrokenRecordError as error:
            raise TableError(f"{self.path}, line 1: the header cannot be read ({error}).", "wrong_encoding") from None
        twice = sorted({name for name in header if header.count(name) > 1})
        if twice:
            raise TableError(f"{self.path} has the column {twice[0]!r} twice; rename one.", "duplicate_column")
        return header


class _BrokenRecordError(Exception):
    """A record that is no row."""


def _size(path: Path) -> int:
    if path.is_dir():
        raise TableError(f"{path} is a folder; give a CSV file.", "file_not_found")
    try:
        return path.stat().st_size
    except OSError as error:
        raise TableError(f"{path} cannot be read: {error.strerror}.", "file_not_found") from None


def _skip_bom(handle: BinaryIO, path: Path) -> int:
    """Return the offset of the first record."""
    start = handle.read(3)
    for mark, name in _OTHER_BOMS.items():
        if start.startswith(mark):
            raise TableError(f"{path} is {name}; save it as CSV UTF-8.", "wrong_encoding")
    if start[:2] in (b"PK", b"\x1f\x8b") or b"\0" in start:
        raise TableError(f"{path} is no CSV file but a workbook or archive; save it as CSV UTF-8.", "wrong_format")
    offset = 3 if start == _UTF8_BOM else 0
    handle.seek(offset)
    return offset


def _records(handle: BinaryIO, offset: int) -> Iterator[Record]:
    """Join lines into records: a record goes on while its quotes are odd in number."""
    line = 1
    while content := handle.readline(MAX_RECORD_BYTES):
        first_end, lines = handle.tell(), 1
        while (
            content.count(b'"') % 2 and len(content) < MAX_RECORD_BYTES and (more := handle.readline(MAX_RECORD_BYTES))
        ):
            content += more
            lines += 1
        if content.count(b'"') % 2 and lines > 1:
            # A quote is open to the end: give up its line alone and read on, so that one stray quote costs one row.
            handle.seek(first_end)
            content, lines = content[: first_end - offset], 1
        if content.strip(b"\r\n"):
            yield Record(content, line, offset)
        offset, line = handle.tell(), line + lines


def _parse(record: Record) -> list[str]:
    try:
        text = record.content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _BrokenRecordError(f"byte {record.offset + error.start} is not UTF-8") from None
    if len(record.content) >= MAX_RECORD_BYTES:
        raise _BrokenRecordError(f"longer than {MAX_RECORD_BYTES:,} bytes")
    try:
        # Lines end at \n only: splitlines would also cut at the Unicode separators within a text.
        (fields,) = csv.reader(io.StringIO(text, newline="\n"), strict=True)
    except (csv.Error, ValueError) as error:
        raise _BrokenRecordError(f"broken quoting or line end ({error})") from None
    return fields


@contextmanager
def whole_file(path: Path) -> Iterator[Any]:
    """Open a text file for writing that appears under its name only when it is complete.

    Raises
    ------
    FaultError
        ``write_failed`` when the disk refuses.
    """
    handle = _temporary(path)
    try:
        with handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        Path(handle.name).chmod(0o644)
        Path(handle.name).replace(path)
    except OSError as error:
        Path(handle.name).unlink(missing_ok=True)
        raise FaultError(f"{path} could not be written: {error.strerror}.", "write_failed") from error
    except BaseException:
        Path(handle.name).unlink(missing_ok=True)
        raise


def _temporary(path: Path) -> Any:
    try:
        return tempfile.NamedTemporaryFile(
            "w", dir=path.parent, prefix=f".{path.name}-", newline="", encoding="utf-8", delete=False
        )
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror}.", "output_unwritable") from None


def write_rejects(path: Path, rejects: Sequence[Reject]) -> None:
    """Write rejected records with line, byte offset, reason and content; bytes that are not UTF-8 are escaped."""
    with whole_file(path) as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["line", "byte_offset", "reason", "content"])
        for reject in rejects:
            content = reject.record.content.decode("utf-8", errors="backslashreplace").rstrip("\r\n")
            writer.writerow([reject.record.line, reject.record.offset, reject.reason, content])
