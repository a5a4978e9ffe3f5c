"""From probabilities to an answer: the one place that holds thresholds and reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from task_classifier.prediction import (
    ACCEPTED,
    NEEDS_REVIEW,
    OUTSIDE_TAXONOMY,
    Alternative,
    CategoryAnswer,
    Prediction,
    ServiceAnswer,
)
from task_classifier.taxonomy import LABELS, Taxonomy

ALTERNATIVES = 3
"""How many other categories an answer names."""

MIN_WORDS = 2
"""A text of fewer words is never accepted unseen."""

LOST = 0.005
"""Share of texts in scope that may be refused as outside."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Where answers are accepted, reviewed or refused; chosen on held-back data, kept in the manifest.

    Parameters
    ----------
    accept : float
        Least confidence of an accepted answer.
    outside : float
        Outside score from which a text is answered ``outside_taxonomy``.
    border : float
        Least lead of the answered label over the other one, as a share of both; below it the answer is
        ``near_border``.
    mixed : float
        Share of the other label's work in a long text from which the work is ``mixed_work``.
    language : float
        How sure the language check must be before a text is refused as ``unsupported_language``.
    known_words : float
        Share of words seen in training below which the language is checked at all.
    """

    accept: float
    outside: float
    border: float = 0.2
    mixed: float = 0.35
    language: float = 0.6
    known_words: float = 0.6

    def to_dict(self) -> dict[str, float]:
        """Return the thresholds by name, the form kept in a manifest."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of one text before anything is decided.

    Parameters
    ----------
    probabilities : ndarray of shape (n_classes,)
        Of `Taxonomy.classes`, summing to 1.
    services : ndarray of shape (n_services,)
        Probability of each of `Taxonomy.service_ids`; zeros where the model was not taught services.
    words : int
        Number of words in the text.
    has_known_words : bool
        The model knows at least one of the words.
    label_shares : dict of str to float, optional
        Share of each label's work in a text of several sentences.
    truncated, foreign : bool
        The text was cut; it is in a language the model was not trained on.
    """

    probabilities: Floats
    services: Floats
    words: int
    has_known_words: bool = True
    label_shares: dict[str, float] | None = None
    truncated: bool = False
    foreign: bool = False


def decide(evidence: Evidence, thresholds: Thresholds, taxonomy: Taxonomy, model_version: str) -> Prediction:
    """Turn the evidence on one text into an answer.

    The category is the most probable one; the label follows from it, and its confidence is the sum over
    all categories of that label.

    Parameters
    ----------
    evidence : Evidence
    thresholds : Thresholds
    taxonomy : Taxonomy
    model_version : str

    Returns
    -------
    Prediction
    """
    outside_score = float(evidence.probabilities[-1])
    ranked = np.argsort(-evidence.probabilities[:-1], kind="stable")
    confidences = label_probabilities(evidence.probabilities, taxonomy)
    category = taxonomy.categories[ranked[0]]
    refusal = _refusal(evidence, outside_score, thresholds)
    if refusal:
        nearest = () if refusal != OUTSIDE_TAXONOMY else _alternatives(ranked, evidence.probabilities, taxonomy)
        return Prediction(None, None, None, None, nearest, outside_score, OUTSIDE_TAXONOMY, (refusal,), model_version)
    reasons = _reasons(evidence, confidences, category.label, thresholds)
    return Prediction(
        label=category.label,
        confidence=confidences[category.label],
        category=CategoryAnswer(category.id, category.name, float(evidence.probabilities[ranked[0]])),
        service=_nearest_service(evidence.services, int(ranked[0]), taxonomy),
        alternatives=_alternatives(ranked[1:], evidence.probabilities, taxonomy),
        outside_score=outside_score,
        status=ACCEPTED if set(reasons) <= {"truncated"} else NEEDS_REVIEW,
        reasons=reasons,
        model_version=model_version,
    )


def label_probabilities(probabilities: Floats, taxonomy: Taxonomy) -> dict[str, float]:
    """Sum the categories' probabilities by label; the outside class belongs to neither."""
    sums = dict.fromkeys(LABELS, 0.0)
    for category, probability in zip(taxonomy.categories, probabilities[:-1], strict=True):
        sums[category.label] += float(probability)
    return sums


def choose_thresholds(
    probabilities: Floats, classes: Sequence[str], taxonomy: Taxonomy, precision: float = 0.99
) -> Thresholds:
    """Choose the thresholds that reach a target precision on held-back texts.

    Parameters
    ----------
    probabilities : ndarray of shape (n_texts, n_classes)
        Of texts the model has not seen, in the order of `Taxonomy.classes`.
    classes : sequence of str
        The right class of each text; ``"outside"`` counts as wrong when accepted.
    taxonomy : Taxonomy
    precision : float
        Least share of right labels among accepted answers, as the lower end of a one-sided 95 % interval.

    Returns
    -------
    Thresholds
        `accept` is the lowest confidence that reaches the target (1.0 when none does); `outside` the score
        that all but `LOST` of the texts in scope stay below, and never less than an even chance.
    """
    inside = probabilities[:, :-1]
    labels = np.array([category.label for category in taxonomy.categories])
    answered = labels[inside.argmax(axis=1)]
    confidence = (inside * (labels[None, :] == answered[:, None])).sum(axis=1)
    truth = np.array([taxonomy.label_of(name) if name != taxonomy.classes[-1] else "" for name in classes])
    return Thresholds(
        accept=_lowest_passing(confidence, answered == truth, precision),
        outside=max(0.5, float(np.quantile(probabilities[truth != "", -1], 1 - LOST))),
    )


def _lowest_passing(scores: Floats, right: NDArray[np.bool_], target: float) -> float:
    """Return the lowest score such that the texts from it upwards are right often enough."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    count = np.arange(1, len(order) + 1)
    # Only the last text of a run of equal scores is a possible cut.
    cuts = np.append(np.diff(scores[order]) < 0, True)
    passing = np.flatnonzero(cuts & (wilson_lower(hits, count) >= target))
    return float(scores[order][passing[-1]]) if len(passing) else 1.0


def wilson_lower(hits: NDArray[Any], count: NDArray[Any], z: float = 1.645) -> Floats:
    """Return the lower end of Wilson's score interval for a proportion (Wilson, JASA 1927)."""
    share = hits / count
    spread = z * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    lower: Floats = (share + z * z / (2 * count) - spread) / (1 + z * z / count)
    return lower


def _refusal(evidence: Evidence, outside_score: float, thresholds: Thresholds) -> str | None:
    """Return why no label is answered at all, if so."""
    if evidence.foreign:
        return "unsupported_language"
    if not evidence.has_known_words:
        return "no_known_words"
    return OUTSIDE_TAXONOMY if outside_score >= thresholds.outside else None


def _reasons(evidence: Evidence, confidences: dict[str, float], label: str, thresholds: Thresholds) -> tuple[str, ...]:
    other = next(name for name in LABELS if name != label)
    shares = evidence.label_shares or {}
    lead, both = confidences[label] - confidences[other], confidences[label] + confidences[other]
    found = {
        "low_confidence": confidences[label] < thresholds.accept,
        "outside_taxonomy": evidence.probabilities[-1] > confidences[label],
        "near_border": lead < thresholds.border * both,
        "mixed_work": shares.get(other, 0.0) >= thresholds.mixed,
        "too_short": evidence.words < MIN_WORDS,
        "truncated": evidence.truncated,
    }
    return tuple(reason for reason, holds in found.items() if holds)


def _alternatives(ranked: NDArray[np.int64], probabilities: Floats, taxonomy: Taxonomy) -> tuple[Alternative, ...]:
    return tuple(
        Alternative(taxonomy.categories[i].id, taxonomy.categories[i].label, float(probabilities[i]))
        for i in ranked[:ALTERNATIVES]
    )


def _nearest_service(probabilities: Floats, category: int, taxonomy: Taxonomy) -> ServiceAnswer | None:
    """Return the category's likeliest service with its share of the category's probability."""
    start = sum(len(before.services) for before in taxonomy.categories[:category])
    services = taxonomy.categories[category].services
    shares = probabilities[start : start + len(services)]
    if not shares.any():
        return None
    service = services[int(np.argmax(shares))]
    return ServiceAnswer(service.id, service.name, float(shares.max() / shares.sum()))
