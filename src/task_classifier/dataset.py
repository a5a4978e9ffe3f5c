"""Labelled descriptions: load, validate, fingerprint, group near-duplicates and split."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import StratifiedGroupKFold

from task_classifier.errors import DataError, TaxonomyError, TextError
from task_classifier.taxonomy import LABELS, Taxonomy, read_taxonomy
from task_classifier.text import check, normalise, tokens

COLUMNS = ("id", "text", "service", "style", "language", "author_note")
"""Columns of a file of labelled descriptions; the first three are required."""

NEAR_DUPLICATE = 0.9
"""Cosine of two texts' TF-IDF from which they count as near-duplicates."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A row that breaks a rule: an error stops training, a warning does not."""

    file: str
    line: int
    rule: str
    message: str
    is_error: bool = True

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}"


@dataclass(frozen=True)
class Dataset:
    """Labelled descriptions with their taxonomy.

    Parameters
    ----------
    rows : DataFrame
        Columns of `COLUMNS` plus ``category`` (a category id or ``"outside"``), ``file`` and ``line``.
    taxonomy : Taxonomy
    """

    rows: pd.DataFrame
    taxonomy: Taxonomy

    @property
    def texts(self) -> list[str]:
        """The descriptions."""
        return [str(value) for value in self.rows["text"]]

    @property
    def categories(self) -> NDArray[np.str_]:
        """Class of each description: a category id or ``"outside"``."""
        return np.array(self.rows["category"], dtype=np.str_)

    @property
    def services(self) -> NDArray[np.str_]:
        """Service or outside topic of each description."""
        return np.array(self.rows["service"], dtype=np.str_)

    @property
    def languages(self) -> tuple[str, ...]:
        """Languages of the descriptions, the commonest first."""
        return tuple(str(code) for code in self.rows["language"].value_counts().index)

    @cached_property
    def groups(self) -> NDArray[np.int64]:
        """Number of each description's group of near-duplicates, of shape (n_texts,)."""
        return near_duplicate_groups(self.texts)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of all texts with their services, whatever their order, ids and files."""
        pairs = sorted(zip(self.services.tolist(), self.texts, strict=True))
        return hashlib.sha256("\n".join(f"{service}\t{text!r}" for service, text in pairs).encode()).hexdigest()

    def split(self, folds: int = 5, seed: int = 0) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield training and test rows of each fold; near-duplicates are never on both sides."""
        splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
        yield from splitter.split(self.texts, self.categories, self.groups)


def load_dataset(folder: str | Path, taxonomy: Taxonomy | None = None) -> Dataset:
    """Load a folder of labelled descriptions.

    Parameters
    ----------
    folder : str or Path
        Holds ``descriptions/*.csv`` and, unless a taxonomy is given, ``taxonomy.yaml``.
    taxonomy : Taxonomy, optional

    Raises
    ------
    DataError
        ``data_not_found``, or ``invalid_data`` naming file, line and rule of up to ten errors.
    """
    taxonomy = taxonomy or read_taxonomy(Path(folder) / "taxonomy.yaml")
    rows, findings = read_rows(Path(folder), taxonomy)
    errors = [finding for finding in findings if finding.is_error]
    if errors:
        listed = "\n".join(str(error) for error in errors[:10])
        more = f"\n... and {len(errors) - 10} more" if len(errors) > 10 else ""
        raise DataError(f"{len(errors)} rows break the rules:\n{listed}{more}", "invalid_data")
    return Dataset(rows, taxonomy)


def check_dataset(folder: str | Path, taxonomy: Taxonomy | None = None) -> list[Finding]:
    """Return everything that is wrong with a folder of labelled descriptions, near-duplicates included."""
    taxonomy = taxonomy or read_taxonomy(Path(folder) / "taxonomy.yaml")
    rows, findings = read_rows(Path(folder), taxonomy)
    return findings + _near_duplicates(rows)


def read_rows(folder: Path, taxonomy: Taxonomy) -> tuple[pd.DataFrame, list[Finding]]:
    """Read all rows of ``folder/descriptions`` and check them one by one and against each other."""
    files = sorted((folder / "descriptions").glob("**/*.csv"))
    if not files:
        raise DataError(f"No CSV files in {folder / 'descriptions'}.", "data_not_found")
    rows = pd.concat([_read_file(path, folder) for path in files], ignore_index=True)
    rows["category"] = [_class_or_blank(taxonomy, service) for service in rows["service"]]
    rows["key"] = [" ".join(tokens(normalise(text))) for text in rows["text"]]
    findings = _validate(rows)
    return rows.drop(columns="key"), findings


def near_duplicate_groups(texts: list[str]) -> NDArray[np.int64]:
    """Return a group number per text; texts connected by near-duplicates share one."""
    pairs = _similar_pairs(texts)
    found: NDArray[np.int64] = connected_components(pairs, directed=False)[1].astype(np.int64)
    return found


def _similar_pairs(texts: list[str]) -> sparse.csr_array:
    """Return a matrix of shape (n_texts, n_texts) with an entry per pair of near-duplicates."""
    vectorizer = TfidfVectorizer(
        preprocessor=normalise, tokenizer=tokens, token_pattern=None, lowercase=False, dtype=np.float32
    )
    try:
        matrix = vectorizer.fit_transform(texts).tocsr()
    except ValueError:  # no text has a word
        return sparse.csr_array((len(texts), len(texts)))
    blocks = []
    for start in range(0, len(texts), 500):
        similar = (matrix[start : start + 500] @ matrix.T).tocsr()
        similar.data[similar.data < NEAR_DUPLICATE] = 0
        similar.eliminate_zeros()
        blocks.append(similar)
    return sparse.csr_array(sparse.vstack(blocks))


def _read_file(path: Path, folder: Path) -> pd.DataFrame:
    name = str(path.relative_to(folder))
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            return pd.DataFrame(_records(csv.reader(handle, strict=True), name))
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: byte {error.start} is not UTF-8; save the file as UTF-8.", "invalid_data") from None
    except csv.Error as error:
        raise DataError(f"{name}: broken quoting ({error}).", "invalid_data") from None


def _records(reader: Any, name: str) -> Iterator[dict[str, Any]]:
    header = next(reader, None)
    if header is None:
        raise DataError(f"{name} is empty; its first line must name the columns.", "invalid_data")
    missing = [column for column in COLUMNS[:3] if column not in header]
    unknown = [column for column in header if column not in COLUMNS]
    if missing or unknown or len(set(header)) < len(header):
        raise DataError(
            f"{name}: the columns are {', '.join(header)}; {', '.join(COLUMNS[:3])} are needed and "
            f"{', '.join(COLUMNS[3:])} allowed, each once.",
            "invalid_data",
        )
    while True:
        line = reader.line_num + 1
        fields = next(reader, None)
        if fields is None:
            return
        if len(fields) != len(header):
            raise DataError(f"{name}:{line}: {len(fields)} fields where the header has {len(header)}.", "invalid_data")
        row = dict.fromkeys(COLUMNS, "") | {"language": "en"} | dict(zip(header, fields, strict=True))
        yield row | {"file": name, "line": line}


def _class_or_blank(taxonomy: Taxonomy, service: str) -> str:
    try:
        return taxonomy.class_of(service)
    except TaxonomyError:
        return ""


def _is_readable(text: str) -> bool:
    try:
        check(text)
    except TextError:
        return False
    return True


def _schema() -> pa.DataFrameSchema:
    """Return the rules each row keeps; a check's name is the rule, its error the advice."""

    def each(rule: str, advice: str, passes: Any) -> pa.Check:
        return pa.Check(lambda column: column.map(passes), name=rule, error=f"{rule}: {advice}")

    return pa.DataFrameSchema(
        {
            "id": pa.Column(str, pa.Check(lambda c: ~c.duplicated(), error="duplicate_id: the id is used before.")),
            "text": pa.Column(
                str,
                [
                    each("blank_text", "the text is blank or unreadable.", _is_readable),
                    each("label_word", "the text names a label; take the word out.", _names_no_label),
                ],
            ),
            "category": pa.Column(str, each("unknown_service", "the taxonomy has no such service.", bool)),
            "key": pa.Column(
                str,
                pa.Check(
                    lambda c: ~c.duplicated() | (c == ""),
                    error="duplicate_text: the same words stand in an earlier row.",
                ),
            ),
        }
    )


def _names_no_label(text: str) -> bool:
    return not set(LABELS) & set(text.split()) and not set(map(str.lower, LABELS)) & set(tokens(text))


def _validate(rows: pd.DataFrame) -> list[Finding]:
    findings = []
    try:
        _schema().validate(rows, lazy=True)
    except pa.errors.SchemaErrors as failure:
        for _, case in failure.failure_cases.dropna(subset=["index"]).iterrows():
            row = rows.loc[int(case["index"])]
            rule, _, message = str(case["check"]).partition(": ")
            findings.append(Finding(row["file"], int(row["line"]), rule, message))
    return sorted(findings + _conflicts(rows), key=lambda finding: (finding.file, finding.line, finding.rule))


def _conflicts(rows: pd.DataFrame) -> list[Finding]:
    """Find rows whose words are the same and whose categories differ."""
    worded = rows[rows["key"] != ""]
    contradictory = worded.groupby("key")["category"].transform("nunique") > 1
    return [
        Finding(
            row["file"],
            int(row["line"]),
            "conflicting_label",
            f"the same words are also labelled otherwise than {row['category']!r}.",
        )
        for _, row in worded[contradictory].iterrows()
    ]


def _near_duplicates(rows: pd.DataFrame) -> list[Finding]:
    texts = [str(value) for value in rows["text"]]
    first, second = sparse.triu(_similar_pairs(texts), k=1).nonzero()
    found = []
    for i, j in zip(first.tolist(), second.tolist(), strict=True):
        earlier, later = rows.loc[i], rows.loc[j]
        place = f"{earlier['file']}:{earlier['line']}"
        message = f"hardly differs from {place}; kept on one side of every split."
        found.append(Finding(later["file"], int(later["line"]), "near_duplicate", message, is_error=False))
    return found
