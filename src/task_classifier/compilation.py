"""A fitted TaskClassifier as plain arrays: the model that is saved and served."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from task_classifier.decision import choose_thresholds
from task_classifier.errors import DataError
from task_classifier.model import TaskModel
from task_classifier.scorer import LinearScorer, TermTable, WordTable
from task_classifier.store import shipped
from task_classifier.taxonomy import OUTSIDE, Taxonomy, read_taxonomy

if TYPE_CHECKING:
    from task_classifier.classifier import TaskClassifier

PRECISION = 0.98
"""Share of right labels that accepted answers must reach on held-back texts."""

N_EXAMPLES = 100
"""Texts whose answers are stored with a model."""

Floats = NDArray[np.float64]


def compile_model(
    classifier: TaskClassifier, taxonomy: Taxonomy | None = None, examples: Sequence[str] | None = None
) -> TaskModel:
    """Turn a fitted classifier into the model that is saved and served; answers stay equal to 1e-6.

    Parameters
    ----------
    classifier : TaskClassifier
        Fitted with calibration, on classes of the taxonomy.
    taxonomy : Taxonomy, optional
        The shipped one by default.
    examples : sequence of str, optional
        Texts to choose the stored example answers from; the taxonomy's definitions by default.

    Raises
    ------
    DataError
        ``not_calibrated``, or ``unknown_class`` when the classes are not the taxonomy's.
    """
    taxonomy = taxonomy or read_taxonomy(shipped("data/taxonomy.yaml"))
    _check_names(classifier, taxonomy)
    held_out = held_out_probabilities(classifier, taxonomy)
    defined = [service.definition for category in taxonomy.categories for service in category.services]
    return TaskModel(
        scorer=_scorer(classifier),
        columns=tuple(str(name) for name in classifier.services_),
        taxonomy=taxonomy,
        thresholds=choose_thresholds(held_out, classifier.training_classes_.tolist(), taxonomy, PRECISION),
        examples=_examples(examples or defined),
    )


def held_out_probabilities(classifier: TaskClassifier, taxonomy: Taxonomy) -> Floats:
    """Return the training texts' held-out probabilities in the order of the taxonomy's classes."""
    if classifier.held_out_proba_ is None:
        raise DataError(
            "Thresholds need held-out probabilities: fit with calibration_folds of 2 or more.", "not_calibrated"
        )
    spread = np.zeros((len(classifier.held_out_proba_), len(taxonomy.classes)))
    spread[:, [taxonomy.classes.index(name) for name in classifier.classes_]] = classifier.held_out_proba_
    return spread


def _check_names(classifier: TaskClassifier, taxonomy: Taxonomy) -> None:
    for name in classifier.classes_:
        if name not in taxonomy.classes:
            raise DataError(
                f"The class {str(name)!r} is not in the taxonomy; it has {', '.join(taxonomy.classes)}.",
                "unknown_class",
            )
    for service, row in zip(classifier.services_, classifier.member_, strict=True):
        if taxonomy.class_of(service) != classifier.classes_[row.argmax()]:
            raise DataError(f"The service {str(service)!r} is of another class in the taxonomy.", "unknown_class")


def _scorer(classifier: TaskClassifier) -> LinearScorer:
    """Write the fitted pipeline and its calibration as plain arrays."""
    union, linear = classifier.pipeline_["features"], classifier.pipeline_["linear"]
    blocks = dict(union.transformer_list)
    temperature = classifier.calibration_.temperature
    coef = _two_sided(linear.coef_) / temperature
    intercept = _two_sided(linear.intercept_[:, None])[:, 0] / temperature
    outside = np.flatnonzero(classifier.classes_ == OUTSIDE)
    offsets = classifier.calibration_.offsets(classifier.member_, int(outside[0]) if len(outside) else None)
    n_terms = len(blocks["words"].vocabulary_)
    terms = TermTable(
        terms=blocks["words"].get_feature_names_out().tolist(),
        idf=blocks["words"].idf_.astype(np.float32),
        coef=coef[:, :n_terms].T.astype(np.float32),
    )
    return LinearScorer(terms, _fold_words(blocks.get("vectors"), coef[:, n_terms:]), intercept + offsets)


def _fold_words(vectors: Any, coef: Floats) -> WordTable:
    """Multiply each word's vector by the coefficients: one score per word and column is left."""
    if vectors is None:
        return WordTable([], np.zeros((0, len(coef)), np.float32), np.zeros(0, np.float32))
    table = vectors.word_vectors
    folded = table.vectors.astype(np.float64) @ coef.T * vectors.scale
    return WordTable(table.words, folded.astype(np.float32), table.weights)


def _two_sided(values: Floats) -> Floats:
    """Give two classes a row each: scikit-learn keeps only the second one's."""
    return np.vstack([np.zeros_like(values), values]) if len(values) == 1 else values


def _examples(texts: Sequence[str]) -> tuple[str, ...]:
    """Pick texts evenly from all: the rows of a class stand together, so every class is among them."""
    chosen = np.linspace(0, len(texts) - 1, min(N_EXAMPLES, len(texts))).astype(int)
    return tuple(texts[i] for i in chosen)
