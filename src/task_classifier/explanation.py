"""Which words spoke for and against an answer: exact, because the model is linear."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from task_classifier import reading, text
from task_classifier.scorer import Features, LinearScorer
from task_classifier.taxonomy import OUTSIDE_CLASS

if TYPE_CHECKING:
    from task_classifier.model import TaskModel


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a text scores for its nearest service.

    Parameters
    ----------
    category, service : str
        The most probable category and, within it, the service explained; the category again where the model
        was not taught services.
    score : float
        Its score relative to the mean score of all services and outside topics, before the softmax.
    baseline : float
        The part that belongs to no word. `score` = `baseline` + the sum of all words' parts.
    words : tuple of (str, float)
        Words and word pairs with their parts, strongest first, at most as many as asked for.
    rest : float
        Sum of the parts of the words not listed.
    """

    category: str
    service: str
    score: float
    baseline: float
    words: tuple[tuple[str, float], ...]
    rest: float


def explain(model: TaskModel, one: str, top: int = 10) -> Explanation:
    """Explain the nearest service of a text.

    Parameters
    ----------
    model : TaskModel
    one : str
        The text, as given to `TaskModel.classify`.
    top : int
        How many words to list.
    """
    scorer = model.scorer
    units = reading.units(text.normalise(text.check(one))[: text.MAX_CHARS])
    found = [scorer.features(unit) for unit in units]
    scores = np.array([scorer.scores(features) for features in found])
    unit_weights = reading.unit_weights(scores, model.member, OUTSIDE_CLASS)
    category, target = _nearest(unit_weights @ scores, model.member)
    parts: defaultdict[str, float] = defaultdict(float)
    for weight, features in zip(unit_weights, found, strict=True):
        for word, part in _parts(scorer, features, target):
            parts[word] += float(weight * part)
    baseline = float(_lead(scorer.intercept[None, :], target)[0])
    ranked = sorted(parts.items(), key=lambda item: (-abs(item[1]), item[0]))
    return Explanation(
        category=model.taxonomy.classes[category],
        service=model.columns[target],
        score=baseline + sum(parts.values()),
        baseline=baseline,
        words=tuple(ranked[:top]),
        rest=sum(value for _, value in ranked[top:]),
    )


def _nearest(scores: NDArray[np.float64], member: NDArray[np.float64]) -> tuple[int, int]:
    """Return the likeliest category, and the best column within it."""
    category = int(np.argmax((reading.softmax(scores) @ member)[:OUTSIDE_CLASS]))
    return category, int(np.argmax(np.where(member[:, category] > 0, scores, -np.inf)))


def _parts(scorer: LinearScorer, features: Features, target: int) -> Iterator[tuple[str, float]]:
    """Yield each term and word of a text with what it adds to a column's lead."""
    terms = _lead(scorer.terms.coef[features.term_rows], target) * features.term_values
    words = _lead(scorer.words.coef[features.word_rows], target) * features.word_shares
    yield from zip((scorer.terms.terms[row] for row in features.term_rows), terms, strict=True)
    yield from zip((scorer.words.words[row] for row in features.word_rows), words, strict=True)


def _lead(coef: NDArray[Any], target: int) -> NDArray[np.float64]:
    """Return a column's scores above the mean of all columns: what the softmax sees."""
    coef = coef.astype(np.float64)
    lead: NDArray[np.float64] = coef[:, target] - coef.mean(axis=1)
    return lead
