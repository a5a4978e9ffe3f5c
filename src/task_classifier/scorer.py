"""LinearScorer: a fitted TaskClassifier as plain arrays, scoring without scikit-learn."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from task_classifier.errors import ModelError
from task_classifier.text import tokens

Floats = NDArray[np.float64]
Weights = NDArray[np.float32]


@dataclass(frozen=True)
class TermTable:
    """TF-IDF terms (words and word pairs) and what each says.

    Parameters
    ----------
    terms : list of str
        A word, or several joined by one space.
    idf : ndarray of shape (n_terms,)
        Inverse document frequency.
    coef : ndarray of shape (n_terms, n_columns)
        Score per unit of normalised TF-IDF.
    """

    terms: list[str]
    idf: Weights
    coef: Weights

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each term."""
        return {term: row for row, term in enumerate(self.terms)}

    @cached_property
    def longest(self) -> int:
        """Words in the longest term."""
        return max((term.count(" ") + 1 for term in self.terms), default=1)


@dataclass(frozen=True)
class WordTable:
    """Static word vectors folded through the linear model: what the mean of a text's words says.

    Parameters
    ----------
    words : list of str
    coef : ndarray of shape (n_words, n_columns)
        Score of a text made of that word alone.
    weights : ndarray of shape (n_words,)
        Weight of the word in a text's mean.
    """

    words: list[str]
    coef: Weights
    weights: Weights

    @cached_property
    def index(self) -> dict[str, int]:
        """Row of each word."""
        return {word: row for row, word in enumerate(self.words)}


@dataclass(frozen=True, slots=True)
class Features:
    """What the scorer found in one text.

    Parameters
    ----------
    words : list of str
        All words of the text, in order.
    term_rows, term_values : ndarray of shape (n_found_terms,)
        Rows of the term table and their normalised TF-IDF.
    word_rows, word_shares : ndarray of shape (n_found_words,)
        Rows of the word table, one per occurrence, and their shares of the mean.
    known_share : float
        Share of `words` that are terms: words of the training texts.
    """

    words: list[str]
    term_rows: NDArray[np.int64]
    term_values: Floats
    word_rows: NDArray[np.int64]
    word_shares: Floats
    known_share: float

    @property
    def is_empty(self) -> bool:
        """Whether no word is in either table."""
        return not len(self.term_rows) and not len(self.word_rows)


@dataclass(frozen=True)
class LinearScorer:
    """The trained linear model over normalised texts.

    A column is a service (or a class that has none); scores equal those of its `TaskClassifier` to 1e-6.

    Parameters
    ----------
    terms : TermTable
    words : WordTable
        Empty when the model was trained without word vectors.
    intercept : ndarray of shape (n_columns,)
    """

    terms: TermTable
    words: WordTable
    intercept: Floats

    def __post_init__(self) -> None:
        rows = {
            "terms": (self.terms.terms, self.terms.idf, self.terms.coef),
            "words": (self.words.words, self.words.coef, self.words.weights),
        }
        for name, parts in rows.items():
            if len({len(part) for part in parts}) != 1:
                raise ModelError(f"The model's {name} and their weights differ in number.", "invalid_model")
            if len(set(parts[0])) != len(parts[0]):
                raise ModelError(f"The model's {name} hold one twice.", "invalid_model")
        for array in (*rows["terms"][1:], *rows["words"][1:], self.intercept):
            if not np.isfinite(array).all():
                raise ModelError("The model's weights hold NaN or infinity.", "invalid_model")
        if len({self.terms.coef.shape[1], self.words.coef.shape[1], len(self.intercept)}) != 1:
            raise ModelError("The model's tables differ in their number of columns.", "invalid_model")

    def features(self, normalised: str) -> Features:
        """Find the terms and words of one normalised text."""
        words = tokens(normalised)
        counts: Counter[int] = Counter()
        index = self.terms.index
        for length in range(1, self.terms.longest + 1):
            for start in range(len(words) - length + 1):
                row = index.get(" ".join(words[start : start + length]))
                if row is not None:
                    counts[row] += 1
        term_rows = np.fromiter(counts, dtype=np.int64, count=len(counts))
        term_values = _tfidf(counts, self.terms.idf[term_rows])
        found = [row for word in words if (row := self.words.index.get(word)) is not None]
        word_rows = np.array(found, dtype=np.int64)
        weights = self.words.weights[word_rows].astype(np.float64)
        known = sum(word in index for word in words)
        return Features(
            words,
            term_rows,
            term_values,
            word_rows,
            weights / (weights.sum() or 1.0),
            known / len(words) if words else 0.0,
        )

    def scores(self, features: Features) -> Floats:
        """Return one score per column; their softmax are the probabilities of services."""
        from_terms = features.term_values @ self.terms.coef[features.term_rows].astype(np.float64)
        from_words = features.word_shares @ self.words.coef[features.word_rows].astype(np.float64)
        scores: Floats = from_terms + from_words + self.intercept
        return scores


def _tfidf(counts: Counter[int], idf: Weights) -> Floats:
    values = np.array([1.0 + log(count) for count in counts.values()], dtype=np.float64) * idf
    length = sqrt(float(values @ values))
    tfidf: Floats = values / (length or 1.0)
    return tfidf
