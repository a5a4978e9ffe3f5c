"""The answer to one text, as an object, as JSON and as table columns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

COLUMNS = (
    "label",
    "confidence",
    "category",
    "category_confidence",
    "service",
    "service_similarity",
    "outside_score",
    "status",
    "reasons",
    "model_version",
    "error",
)
"""Columns that batch scoring adds to a table, in order."""

ACCEPTED = "accepted"
NEEDS_REVIEW = "needs_review"
OUTSIDE_TAXONOMY = "outside_taxonomy"

_DIGITS = 6
"""Decimals of a probability in JSON and tables."""


@dataclass(frozen=True, slots=True)
class CategoryAnswer:
    """The category answered; `confidence` is its probability."""

    id: str
    name: str
    confidence: float


@dataclass(frozen=True, slots=True)
class ServiceAnswer:
    """The nearest service of the category; `similarity` is its share of the category's probability."""

    id: str
    name: str
    similarity: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another category, with its label and probability."""

    category: str
    label: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The answer to one text.

    Parameters
    ----------
    label, category, service, confidence
        None when `status` is ``"outside_taxonomy"``. `confidence` is the calibrated probability of the
        label: the sum over its categories.
    alternatives : tuple of Alternative
        The next nearest categories, most probable first.
    outside_score : float
        Probability that the text is outside the taxonomy.
    status : str
        ``"accepted"``, ``"needs_review"`` or ``"outside_taxonomy"``.
    reasons : tuple of str
        Why it is not simply accepted; see `task_classifier.decision`.
    model_version : str
        Version of the model that answered.
    """

    label: str | None
    confidence: float | None
    category: CategoryAnswer | None
    service: ServiceAnswer | None
    alternatives: tuple[Alternative, ...]
    outside_score: float
    status: str
    reasons: tuple[str, ...]
    model_version: str

    def to_dict(self) -> dict[str, Any]:
        """Return the answer as the JSON object of the contract."""
        category, service = self.category, self.service
        return {
            "label": self.label,
            "confidence": _rounded(self.confidence),
            "category": category
            and {"id": category.id, "name": category.name, "confidence": _rounded(category.confidence)},
            "service": service and {"id": service.id, "name": service.name, "similarity": _rounded(service.similarity)},
            "alternatives": [
                {"category": other.category, "label": other.label, "confidence": _rounded(other.confidence)}
                for other in self.alternatives
            ],
            "outside_score": _rounded(self.outside_score),
            "status": self.status,
            "reasons": list(self.reasons),
            "model_version": self.model_version,
        }

    def to_columns(self) -> dict[str, str]:
        """Return the answer as the texts of `COLUMNS`; None becomes an empty text."""
        category, service = self.category, self.service
        values: tuple[str | float | None, ...] = (
            self.label,
            self.confidence,
            category.id if category else None,
            category.confidence if category else None,
            service.id if service else None,
            service.similarity if service else None,
            self.outside_score,
            self.status,
            ";".join(self.reasons),
            self.model_version,
            None,
        )
        return dict(zip(COLUMNS, map(_cell, values), strict=True))


def error_columns(code: str, model_version: str) -> dict[str, str]:
    """Return the columns of a row that could not be read: all empty but `error` and `model_version`."""
    return dict.fromkeys(COLUMNS, "") | {"model_version": model_version, "error": code}


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), _DIGITS)


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else str(_rounded(value))
