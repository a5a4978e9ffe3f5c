"""How a long text is read: whole, by its head and sentence by sentence, so that boilerplate does not decide."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from task_classifier.text import sentences

LONG = 400
"""Characters of a normalised text from which its head and sentences are read as well."""

HEAD_WORDS = 25
"""Words of the head: a title or the first sentence, which name the work more often than any other part."""

MAX_SENTENCES = 200
"""Sentences read of one text."""

HEAD_SHARE, SENTENCES_SHARE = 0.15, 0.1
"""Weight of the head, and of all sentences together, beside the whole text; from held-out long texts."""

Floats = NDArray[np.float64]


def units(normalised: str) -> list[str]:
    """Return the whole text, followed by its head and its sentences when it is long and has several.

    Examples
    --------
    >>> units("Pay suppliers.")
    ['Pay suppliers.']
    """
    if len(normalised) < LONG:
        return [normalised]
    parts = sentences(normalised)[:MAX_SENTENCES]
    head = " ".join(normalised.split(maxsplit=HEAD_WORDS)[:HEAD_WORDS])
    return [normalised, head, *parts] if len(parts) > 1 else [normalised]


def combine(scores: Floats, member: Floats, outside: int | None) -> Floats:
    """Return one text's scores: the weighted mean of its units' scores.

    Parameters
    ----------
    scores : ndarray of shape (n_units, n_columns)
        In the order of `units`; a column is a service, or a class that has none.
    member : ndarray of shape (n_columns, n_classes)
        1 where the column belongs to the class, else 0.
    outside : int or None
        The outside class, if there is one.

    Returns
    -------
    ndarray of shape (n_columns,)
    """
    combined: Floats = unit_weights(scores, member, outside) @ scores
    return combined


def unit_weights(scores: Floats, member: Floats, outside: int | None) -> Floats:
    """Return the weight of each unit of a text, summing to 1.

    Sentences count by how sure they are of a category: one that says nothing of the work, such as an
    equal-opportunity statement, is nearest to *outside* and hardly counts.
    """
    if len(scores) == 1:
        return np.ones(1)
    weights = informativeness(softmax(scores[2:]) @ member, outside)
    shares = [1 - HEAD_SHARE - SENTENCES_SHARE, HEAD_SHARE]
    return np.concatenate([shares, SENTENCES_SHARE * weights / weights.sum()])


def informativeness(probabilities: Floats, outside: int | None) -> Floats:
    """Return how much each sentence says of the work: its probability of the likeliest category, squared.

    Parameters
    ----------
    probabilities : ndarray of shape (n_sentences, n_classes)
    outside : int or None
    """
    inside = probabilities if outside is None else np.delete(probabilities, outside, axis=1)
    weights: Floats = inside.max(axis=1) ** 2 + 1e-6
    return weights


def softmax(scores: Floats) -> Floats:
    """Turn scores into probabilities, along the last axis."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: Floats = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities
