"""Static word vectors: what lets a linear model judge words it never saw in training."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin

from task_classifier.errors import DataError
from task_classifier.text import tokens


@dataclass(frozen=True)
class WordVectors:
    """A table of word vectors.

    Parameters
    ----------
    words : list of str
        Lower-case words.
    vectors : ndarray of shape (n_words, n_dimensions)
    weights : ndarray of shape (n_words,)
        Weight of each word in a text's mean: the rarer the word in general language, the nearer to 1.
    """

    words: list[str]
    vectors: NDArray[np.float32]
    weights: NDArray[np.float32]

    def __post_init__(self) -> None:
        if not len(self.words) == len(self.vectors) == len(self.weights):
            raise DataError("Word vectors: words, vectors and weights differ in number.", "invalid_vectors")

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of words, vectors and weights."""
        content = "\n".join(self.words).encode("utf-8") + self.vectors.tobytes() + self.weights.tobytes()
        return hashlib.sha256(content).hexdigest()

    def save(self, path: Path) -> None:
        """Write the table to one ``.npz`` file, the vectors as 8-bit integers with one scale per dimension."""
        scale = np.abs(self.vectors).max(axis=0) / 127
        np.savez_compressed(
            path,
            words=np.frombuffer("\n".join(self.words).encode("utf-8"), dtype=np.uint8),
            vectors=np.round(self.vectors / scale).astype(np.int8),
            scale=scale.astype(np.float32),
            weights=self.weights.astype(np.float16),
        )

    @classmethod
    def load(cls, path: Path) -> WordVectors:
        """Read a table that `save` wrote.

        Raises
        ------
        DataError
            ``vectors_not_found`` or ``invalid_vectors``.
        """
        if not path.is_file():
            raise DataError(f"No word vectors at {path}.", "vectors_not_found")
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
                words = arrays["words"].tobytes().decode("utf-8").split("\n")
                vectors = arrays["vectors"].astype(np.float32) * arrays["scale"]
                return cls(words, vectors, arrays["weights"].astype(np.float32))
        except (ValueError, KeyError, OSError, EOFError, BadZipFile) as error:
            raise DataError(f"{path} holds no word vectors ({error}).", "invalid_vectors") from None


class MeanWordVectorizer(TransformerMixin, BaseEstimator):
    """Normalised texts to the weighted mean of their words' vectors.

    A linear model over this mean folds into one score per word and class, so serving needs no vectors.

    Parameters
    ----------
    word_vectors : WordVectors
    scale : float, default=1.0
        Factor on the mean: how far the vectors count beside other features.
    """

    def __init__(self, word_vectors: WordVectors, scale: float = 1.0) -> None:
        self.word_vectors = word_vectors
        self.scale = scale

    def fit(self, X: list[str], y: object = None) -> Self:
        """Learn nothing but the index of the words."""
        self.vocabulary_ = {word: index for index, word in enumerate(self.word_vectors.words)}
        return self

    def transform(self, X: list[str]) -> NDArray[np.float32]:
        """Return the means, of shape (n_texts, n_dimensions); zero where no word is known."""
        shares = self._shares(X)
        return np.asarray(shares @ self.word_vectors.vectors, dtype=np.float32) * np.float32(self.scale)

    def _shares(self, texts: list[str]) -> sparse.csr_array:
        """Return each word's share of its text's weight, of shape (n_texts, n_words)."""
        weights, columns, values, ends = self.word_vectors.weights, [], [], [0]
        for text in texts:
            known = [self.vocabulary_[t] for t in tokens(text) if t in self.vocabulary_]
            total = float(weights[known].sum()) or 1.0
            columns += known
            values += [float(weights[index]) / total for index in known]
            ends.append(len(columns))
        shape = (len(texts), len(weights))
        return sparse.csr_array((np.array(values, dtype=np.float32), columns, ends), shape=shape)
