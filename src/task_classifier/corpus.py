"""Figures on labelled descriptions as a whole: variety, repetition, give-away words, suspected label errors."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from task_classifier.dataset import Dataset, Finding
from task_classifier.text import normalise, tokens

RUN_WORDS = 6
"""Length of a run of words that should not stand in several rows."""

DECIDING_ROWS, DECIDING_SHARE = 10, 0.95
"""A word decides when at least so many rows hold it and so large a share of them is of one class."""

FOLDS = 4


@dataclass(frozen=True)
class CorpusFigures:
    """What `describe` finds.

    Parameters
    ----------
    styles : DataFrame
        Rows per class (index) and style (columns).
    vocabulary : list of (int, int)
        Rows read, in a random order, and different words met so far: how fast new words still come.
    repeated_share : float
        Share of rows that share a run of `RUN_WORDS` words with another row.
    deciding_share : float
        Share of rows that hold a word which all but decides the class by itself.
    deciding_words : list of (str, str, int)
        Those words with their class and number of rows, the commonest first.
    """

    styles: pd.DataFrame
    vocabulary: list[tuple[int, int]]
    repeated_share: float
    deciding_share: float
    deciding_words: list[tuple[str, str, int]]


def describe(dataset: Dataset) -> CorpusFigures:
    """Measure a corpus."""
    words = [tokens(normalise(text)) for text in dataset.texts]
    deciding = _deciding_words(words, dataset.categories)
    names = {word for word, _, _ in deciding}
    repeated = _repeated_rows(words)
    return CorpusFigures(
        styles=pd.crosstab(dataset.rows["category"], dataset.rows["style"]),
        vocabulary=_vocabulary_growth(words),
        repeated_share=len(repeated) / len(words),
        deciding_share=float(np.mean([not names.isdisjoint(row) for row in words])),
        deciding_words=deciding,
    )


def label_suspects(dataset: Dataset) -> list[Finding]:
    """Return rows whose label a cross-validated model contradicts with confidence, the worst first.

    By confident learning (Northcutt et al., "Confident Learning: Estimating Uncertainty in Dataset Labels", JAIR 2021).
    Suspected is not wrong: near a border the model errs more often than the row.
    """
    from cleanlab.filter import find_label_issues

    classes, codes = np.unique(dataset.categories, return_inverse=True)
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    model = make_pipeline(
        TfidfVectorizer(
            preprocessor=normalise, tokenizer=tokens, token_pattern=None, lowercase=False, min_df=2, sublinear_tf=True
        ),
        LogisticRegression(C=10.0, class_weight="balanced", solver="newton-cg", tol=1e-3),
    )
    probabilities = cross_val_predict(
        model, dataset.texts, codes, groups=dataset.groups, cv=folds, method="predict_proba"
    )
    worst = find_label_issues(codes, probabilities, return_indices_ranked_by="self_confidence", n_jobs=1)
    return [_suspect(dataset, int(row), str(classes[probabilities[row].argmax()])) for row in worst]


def repeated_runs(dataset: Dataset) -> list[Finding]:
    """Return rows that share a run of `RUN_WORDS` words with an earlier row."""
    words = [tokens(normalise(text)) for text in dataset.texts]
    found = []
    for row, (run, first) in sorted(_repeated_rows(words, later_only=True).items()):
        earlier = dataset.rows.iloc[first]
        message = f"the words {run!r} stand in {earlier['file']}:{earlier['line']} too."
        found.append(_finding(dataset, row, "repeated_run", message))
    return found


def _repeated_rows(words: list[list[str]], later_only: bool = False) -> dict[int, tuple[str, int]]:
    """Return, per row with a repeated run, the run and the first row that holds it."""
    first: dict[str, int] = {}
    repeated: dict[int, tuple[str, int]] = {}
    for row, row_words in enumerate(words):
        for start in range(len(row_words) - RUN_WORDS + 1):
            run = " ".join(row_words[start : start + RUN_WORDS])
            earlier = first.setdefault(run, row)
            if earlier != row:
                repeated.setdefault(row, (run, earlier))
                if not later_only:
                    repeated.setdefault(earlier, (run, earlier))
    return repeated


def _vocabulary_growth(words: list[list[str]], points: int = 10) -> list[tuple[int, int]]:
    order = np.random.default_rng(0).permutation(len(words))
    stops = {round(len(words) * (i + 1) / points) for i in range(points)}
    met: set[str] = set()
    growth = []
    for count, row in enumerate(order, start=1):
        met.update(words[row])
        if count in stops:
            growth.append((count, len(met)))
    return growth


def _deciding_words(words: list[list[str]], classes: NDArray[np.str_]) -> list[tuple[str, str, int]]:
    holders: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for row, name in zip(words, classes.tolist(), strict=True):
        for word in set(row):
            holders[word][name] += 1
    found = []
    for word, counts in holders.items():
        (name, most), total = counts.most_common(1)[0], counts.total()
        if total >= DECIDING_ROWS and most / total >= DECIDING_SHARE:
            found.append((word, name, total))
    return sorted(found, key=lambda item: (-item[2], item[0]))


def _suspect(dataset: Dataset, row: int, said: str) -> Finding:
    return _finding(dataset, row, "label_suspect", f"labelled {dataset.categories[row]}; reads like {said}.")


def _finding(dataset: Dataset, row: int, rule: str, message: str) -> Finding:
    place = dataset.rows.iloc[row]
    return Finding(str(place["file"]), int(place["line"]), rule, message, is_error=False)
