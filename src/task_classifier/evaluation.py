"""Figures of a model on labelled texts: per label, category, source and confidence band, with plots and a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support, roc_auc_score

from task_classifier.errors import DataError, TextError
from task_classifier.model import TaskModel
from task_classifier.prediction import ACCEPTED, Prediction
from task_classifier.tables.csv_table import CsvReader, Reject
from task_classifier.taxonomy import LABELS, OUTSIDE, Taxonomy

OUT_LABEL = "OUT"
"""Label of evaluation rows that are outside the taxonomy."""

BANDS = (0.0, 0.5, 0.7, 0.8, 0.9, 0.95, 0.99, 1.0)
"""Edges of the confidence bands."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Evaluation:
    """Answers beside the truth.

    Parameters
    ----------
    rows : DataFrame
        Per text: ``text, label, category, source, file`` (the truth: label BPO, KPO or OUT; category blank where
        none fits), ``said_label, said_category`` (blank when refused), ``confidence``, ``outside_score``, ``status``.
    taxonomy : Taxonomy
    model_version : str
    """

    rows: pd.DataFrame
    taxonomy: Taxonomy
    model_version: str

    @property
    def inside(self) -> pd.DataFrame:
        """Rows that belong to a category."""
        return self.rows[self.rows["category"] != ""]

    def summary(self) -> dict[str, dict[str, float]]:
        """Return the figures of each file, and of all together when there are several."""
        parts = {str(name): part for name, part in self.rows.groupby("file", sort=False)}
        return {name: figures(part) for name, part in parts.items()} | (
            {"all": figures(self.rows)} if len(parts) > 1 else {}
        )

    def by_source(self) -> dict[str, dict[str, float]]:
        """Return the figures of each source."""
        return {str(name): figures(part) for name, part in self.rows.groupby("source")}

    def per_class(self, level: str) -> pd.DataFrame:
        """Return precision, recall, F1 and support per ``"label"`` or ``"category"``; refused counts as outside."""
        truth, said, names = self._classes(level)
        scores = precision_recall_fscore_support(truth, said, labels=names, zero_division=0.0)
        columns = dict(zip(("precision", "recall", "f1", "texts"), scores, strict=True))
        return pd.DataFrame(columns, index=pd.Index(names, name=level))

    def confusion(self) -> pd.DataFrame:
        """Return how many texts of each category (rows) were answered as each (columns)."""
        truth, said, names = self._classes("category")
        return pd.DataFrame(confusion_matrix(truth, said, labels=names), index=names, columns=names)

    def bands(self) -> pd.DataFrame:
        """Return, per band of confidence, how many in-scope texts were answered and how many labels were right."""
        answered = self.inside[self.inside["said_label"] != ""]
        band = pd.cut(answered["confidence"], list(BANDS), include_lowest=True)
        right = answered["label"] == answered["said_label"]
        table = pd.DataFrame({"band": band, "confidence": answered["confidence"], "right": right})
        found = table.groupby("band", observed=False).agg(
            texts=("right", "size"), confidence=("confidence", "mean"), right=("right", "mean")
        )
        names = [f"{low:g} to {high:g}" for low, high in pairwise(BANDS)]
        return found.set_index(pd.Index(names, name="band"))

    def coverage_curve(self) -> pd.DataFrame:
        """Return coverage of in-scope texts and precision of all that is answered, per threshold of confidence."""
        answered = self.rows[self.rows["said_label"] != ""].sort_values("confidence", ascending=False)
        right = (answered["label"] == answered["said_label"]).to_numpy()
        inside = (answered["category"] != "").to_numpy()
        count = np.arange(1, len(answered) + 1)
        return pd.DataFrame(
            {
                "threshold": answered["confidence"].to_numpy(),
                "coverage": np.cumsum(inside) / max(1, len(self.inside)),
                "precision": np.cumsum(right) / count,
            }
        )

    def _classes(self, level: str) -> tuple[pd.Series[str], pd.Series[str], list[str]]:
        rows = (
            self.rows
            if level == "label"
            else self.rows[(self.rows["category"] != "") | (self.rows["label"] == OUT_LABEL)]
        )
        blank = OUT_LABEL if level == "label" else OUTSIDE
        names = [*LABELS, blank] if level == "label" else list(self.taxonomy.classes)
        return rows[level].replace("", blank), rows[f"said_{level}"].replace("", blank), names


def evaluate(
    model: TaskModel,
    paths: Sequence[Path],
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Evaluation:
    """Answer the texts of labelled files and put the answers beside the truth.

    Parameters
    ----------
    model : TaskModel
    paths : sequence of Path
        CSV files, or folders of them, with the columns ``text`` and either ``label`` and ``category`` or
        ``service``; ``source`` or ``style`` splits the figures.
    on_progress : callable
        Called with the number of texts answered and in all.

    Raises
    ------
    DataError, TableError
        When a file cannot be evaluated; the message names what it lacks.
    """
    truth = [row for path in _files(paths) for row in _labelled_rows(path, model.taxonomy)]
    if not truth:
        raise DataError("There are no rows to evaluate.", "no_texts")
    rows = []
    for done, row in enumerate(truth, start=1):
        rows.append(row | _answer(model, row["text"]))
        on_progress(done, len(truth))
    return Evaluation(pd.DataFrame(rows), model.taxonomy, model.version)


def figures(rows: pd.DataFrame) -> dict[str, float]:
    """Return the headline figures of answered rows.

    Returns
    -------
    dict
        ``rows``; ``label`` and ``category``: share right of in-scope rows; ``coverage``: share of them accepted;
        ``precision``: share of accepted rows with the right label, outside rows counting as wrong;
        ``outside_auc``: area under the ROC curve of the outside score; ``ece``: expected calibration error of
        confidence over ten bins (Guo et al., 2017). NaN where there is nothing to measure.
    """
    inside = rows[rows["category"] != ""]
    accepted = rows[rows["status"] == ACCEPTED]
    scoped = rows[(rows["category"] != "") | (rows["label"] == OUT_LABEL)]
    is_outside = (scoped["label"] == OUT_LABEL).to_numpy()
    answered = inside[inside["said_label"] != ""]
    return {
        "rows": len(rows),
        "label": _share(inside["label"] == inside["said_label"]),
        "category": _share(inside["category"] == inside["said_category"]),
        "coverage": _share(inside["status"] == ACCEPTED),
        "precision": _share(accepted["label"] == accepted["said_label"]),
        "outside_auc": float(roc_auc_score(is_outside, scoped["outside_score"]))
        if 0 < is_outside.sum() < len(is_outside)
        else float("nan"),
        "ece": calibration_error(
            answered["confidence"].to_numpy(dtype=np.float64),
            (answered["label"] == answered["said_label"]).to_numpy(),
        ),
    }


def calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int = 10) -> float:
    """Return the expected calibration error over equal-width bins; NaN without texts."""
    if not len(confidence):
        return float("nan")
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = [abs(confidence[bin_of == b].sum() - right[bin_of == b].sum()) for b in range(bins)]
    return float(sum(gaps) / len(confidence))


def _share(hits: pd.Series[bool]) -> float:
    return float(hits.mean()) if len(hits) else float("nan")


def _files(paths: Iterable[Path]) -> list[Path]:
    found = [file for path in paths for file in (sorted(path.glob("**/*.csv")) if path.is_dir() else [path])]
    if not found:
        raise DataError("No CSV files were found to evaluate.", "no_texts")
    return found


def _labelled_rows(path: Path, taxonomy: Taxonomy) -> list[dict[str, Any]]:
    with CsvReader(path) as reader:
        text = reader.column("text")
        _check_columns(path, reader.header)
        rows = []
        for row in reader:
            if isinstance(row, Reject):
                raise DataError(f"{path}:{row.record.line}: {row.reason}.", "invalid_data")
            fields = dict(zip(reader.header, row.fields, strict=True))
            label, category = _truth(fields, taxonomy, path)
            source = fields.get("source", fields.get("style", ""))
            rows.append(
                {
                    "text": row.fields[text],
                    "label": label,
                    "category": category,
                    "source": source,
                    "file": path.stem,
                }
            )
        return rows


def _check_columns(path: Path, header: list[str]) -> None:
    if "service" not in header and not {"label", "category"} <= set(header):
        raise DataError(
            f"{path} has the columns {', '.join(header)}; evaluation needs `label` and `category`, or `service`.",
            "column_not_found",
        )


def _truth(fields: dict[str, str], taxonomy: Taxonomy, path: Path) -> tuple[str, str]:
    if "label" not in fields:
        return truth_of(fields["service"], taxonomy)
    label, category = fields["label"], fields["category"]
    if label not in (*LABELS, OUT_LABEL):
        raise DataError(f"{path}: the label {label!r} is none of {', '.join(LABELS)}, {OUT_LABEL}.", "unknown_label")
    if category and taxonomy.label_of(category) != label:
        raise DataError(f"{path}: {category} is {taxonomy.label_of(category)}, not {label}.", "conflicting_label")
    return label, category


def _answer(model: TaskModel, text: str) -> dict[str, Any]:
    try:
        return answer_row(model.answer(text))
    except TextError as error:
        raise DataError(f"A text cannot be evaluated: {error.message}", error.code) from None


def truth_of(service: str, taxonomy: Taxonomy) -> tuple[str, str]:
    """Return the right label and category of a service: ``("OUT", "")`` for an outside topic."""
    name = taxonomy.class_of(service)
    return (OUT_LABEL, "") if name == OUTSIDE else (taxonomy.label_of(name), name)


def answer_row(answer: Prediction) -> dict[str, Any]:
    """Return the answered half of an evaluated row."""
    return {
        "said_label": answer.label or "",
        "said_category": answer.category.id if answer.category else "",
        "confidence": np.nan if answer.confidence is None else answer.confidence,
        "outside_score": answer.outside_score,
        "status": answer.status,
    }
