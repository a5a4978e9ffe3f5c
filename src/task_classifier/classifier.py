"""TaskClassifier: the scikit-learn estimator that learns categories from labelled descriptions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_consistent_length, check_is_fitted

from task_classifier import reading
from task_classifier.compilation import compile_model
from task_classifier.errors import DataError
from task_classifier.taxonomy import OUTSIDE
from task_classifier.text import MAX_CHARS, normalise, tokens
from task_classifier.vectors import MeanWordVectorizer, WordVectors

if TYPE_CHECKING:
    from sklearn.utils import Tags

    from task_classifier.model import TaskModel
    from task_classifier.taxonomy import Taxonomy

Floats = NDArray[np.float64]


class TaskClassifier(ClassifierMixin, BaseEstimator):
    """TF-IDF features, multinomial logistic regression, probabilities calibrated on held-out texts.

    The linear model learns the services within each class where they are given, and a class's probability is the
    sum over its services: *outside* is many kinds of work, and so is a category. Calibration is a temperature (Guo
    et al., "On Calibration of Modern Neural Networks", 2017) and an offset of the outside class, fitted on texts
    scored by pipelines that have not seen them; both fold into the coefficients: the fitted model stays linear.

    Parameters
    ----------
    ngram_range : tuple of (int, int), default=(1, 2)
        Word n-grams used as terms.
    min_df : int, default=3
        Texts a term must occur in.
    C : float, default=20.0
        Inverse strength of the L2 penalty.
    class_weight : dict, "balanced" or None, default=None
        As in `sklearn.linear_model.LogisticRegression`.
    word_vectors : WordVectors or None, default=None
        Static word vectors whose mean is a second block of features.
    vector_scale : float, default=0.7
        Weight of that block.
    calibration_folds : int, default=5
        Folds of the held-out scores; 0 leaves the probabilities uncalibrated.
    random_state : int, default=0
        Seed of the folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    services_ : ndarray of shape (n_services,)
        What the linear model tells apart: the services, or the classes where no services were given.
    member_ : ndarray of shape (n_services, n_classes)
        1 where the service belongs to the class, else 0.
    pipeline_ : sklearn.pipeline.Pipeline
        Features and logistic regression, fitted on all texts; it takes normalised texts.
    calibration_ : Calibration
        Temperature and outside offset.
    training_classes_ : ndarray of shape (n_texts,)
        Classes of the training texts.
    held_out_proba_ : ndarray of shape (n_texts, n_classes) or None
        Calibrated probabilities of the training texts, each from a pipeline that has not seen it.

    Examples
    --------
    >>> texts = ["Match supplier invoices", "Post vendor invoices", "Draft a lease", "Review a lease contract"]
    >>> classifier = TaskClassifier(min_df=1, calibration_folds=2)
    >>> classifier.fit(texts, ["finance_accounting"] * 2 + ["legal_services"] * 2).predict(["supplier invoices"])
    array(['finance_accounting'], dtype='<U18')
    """

    def __init__(
        self,
        *,
        ngram_range: tuple[int, int] = (1, 2),
        min_df: int = 3,
        C: float = 20.0,
        class_weight: dict[str, float] | str | None = None,
        word_vectors: WordVectors | None = None,
        vector_scale: float = 0.7,
        calibration_folds: int = 5,
        random_state: int = 0,
    ) -> None:
        self.ngram_range = ngram_range
        self.min_df = min_df
        self.C = C
        self.class_weight = class_weight
        self.word_vectors = word_vectors
        self.vector_scale = vector_scale
        self.calibration_folds = calibration_folds
        self.random_state = random_state

    def fit(
        self,
        X: Sequence[str],
        y: ArrayLike,
        services: ArrayLike | None = None,
        groups: ArrayLike | None = None,
        sample_weight: ArrayLike | None = None,
    ) -> Self:
        """Learn from texts and their classes.

        Parameters
        ----------
        X : sequence of str of length n_texts
        y : array-like of shape (n_texts,)
            Category ids, or ``"outside"``.
        services : array-like of shape (n_texts,), optional
            Service of each text; all texts of a service are of one class.
        groups : array-like of shape (n_texts,), optional
            Texts of one group (near-duplicates) are never on both sides of a calibration fold.
        sample_weight : array-like of shape (n_texts,), optional

        Raises
        ------
        DataError
            ``not_texts``, ``single_class``, ``class_too_small``, ``conflicting_service``.
        """
        texts, classes = _check_texts(X), np.asarray(y)
        targets = classes if services is None else np.asarray(services)
        check_consistent_length(texts, classes, targets)
        check_classification_targets(classes)
        self.classes_, self.services_ = np.unique(classes), np.unique(targets)
        self._check_classes(targets)
        self.member_ = _membership(targets, classes, self.services_, self.classes_)
        self.training_classes_ = classes
        self.pipeline_ = self._pipeline()
        fit_params = {} if sample_weight is None else {"linear__sample_weight": np.asarray(sample_weight)}
        self.held_out_proba_: Floats | None = None
        self.calibration_ = Calibration()
        if self.calibration_folds:
            self._calibrate(texts, targets, groups, fit_params)
        self.pipeline_.fit([normalise(text) for text in texts], targets, **fit_params)
        return self

    def predict_proba(self, X: Sequence[str]) -> Floats:
        """Return class probabilities of shape (n_texts, n_classes), in the order of `classes_`.

        Long texts are read sentence by sentence as well as whole; see `task_classifier.reading`.
        """
        probabilities: Floats = self.predict_service_proba(X) @ self.member_
        return probabilities

    def predict_service_proba(self, X: Sequence[str]) -> Floats:
        """Return service probabilities of shape (n_texts, n_services), in the order of `services_`."""
        check_is_fitted(self)
        return self._probabilities(_unit_scores(self.pipeline_, _check_texts(X)), self.calibration_)

    def decision_function(self, X: Sequence[str]) -> Floats:
        """Return the logarithm of the class probabilities, of shape (n_texts, n_classes)."""
        return np.log(self.predict_proba(X))

    def predict(self, X: Sequence[str]) -> NDArray[Any]:
        """Return the most probable class of each text."""
        best = self.predict_proba(X).argmax(axis=1)
        chosen: NDArray[Any] = self.classes_[best]
        return chosen

    def to_model(self, taxonomy: Taxonomy | None = None) -> TaskModel:
        """Return the same answers as a `TaskModel`, ready to classify, save and serve.

        Parameters
        ----------
        taxonomy : Taxonomy, optional
            Where the classes belong; the shipped one by default.
        """
        return compile_model(self, taxonomy)

    def _pipeline(self) -> Pipeline:
        words = TfidfVectorizer(
            tokenizer=tokens,
            token_pattern=None,
            lowercase=False,
            ngram_range=self.ngram_range,
            min_df=self.min_df,
            sublinear_tf=True,
        )
        blocks: list[tuple[str, Any]] = [("words", words)]
        if self.word_vectors is not None:
            blocks.append(("vectors", MeanWordVectorizer(self.word_vectors, self.vector_scale)))
        linear = LogisticRegression(
            C=self.C, class_weight=self.class_weight, solver="newton-cg", max_iter=200, tol=1e-4
        )
        return Pipeline([("features", FeatureUnion(blocks)), ("linear", linear)])

    def _calibrate(
        self, texts: list[str], targets: NDArray[Any], groups: ArrayLike | None, fit_params: dict[str, Any]
    ) -> None:
        """Fit the calibration on scores of held-out texts and keep their probabilities."""
        folds = StratifiedGroupKFold(self.calibration_folds, shuffle=True, random_state=self.random_state)
        groups = np.arange(len(texts)) if groups is None else np.asarray(groups)
        held_out: list[Floats] = [np.empty((0, 0))] * len(texts)
        for train, test in folds.split(texts, targets, groups):
            params = {name: values[train] for name, values in fit_params.items()}
            fitted = clone(self.pipeline_).fit([normalise(texts[i]) for i in train], targets[train], **params)
            for i, scores in zip(test, _unit_scores(fitted, [texts[i] for i in test]), strict=True):
                held_out[i] = scores
        rows = np.searchsorted(self.classes_, self.training_classes_)
        self.calibration_ = fit_calibration(
            lambda calibration: self._probabilities(held_out, calibration) @ self.member_, rows, self._outside()
        )
        self.held_out_proba_ = self._probabilities(held_out, self.calibration_) @ self.member_

    def _probabilities(self, units: list[Floats], calibration: Calibration) -> Floats:
        offsets = calibration.offsets(self.member_, self._outside())
        # Most texts are short and their own only unit: those need no combining.
        combined = np.array([scores[0] for scores in units]) / calibration.temperature + offsets
        for row, scores in enumerate(units):
            if len(scores) > 1:
                calibrated = scores / calibration.temperature + offsets
                combined[row] = reading.combine(calibrated, self.member_, self._outside())
        return reading.softmax(combined)

    def _outside(self) -> int | None:
        found = np.flatnonzero(self.classes_ == OUTSIDE)
        return int(found[0]) if len(found) else None

    def _check_classes(self, targets: NDArray[Any]) -> None:
        if len(self.classes_) < 2:
            raise DataError(
                f"All texts are of the class {str(self.classes_[0])!r}; at least two are needed.", "single_class"
            )
        names, counts = np.unique(targets, return_counts=True)
        if counts.min() < self.calibration_folds:
            raise DataError(
                f"{str(names[counts.argmin()])!r} has {counts.min()} texts; {self.calibration_folds} calibration "
                "folds need as many. Add texts or lower calibration_folds.",
                "class_too_small",
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags


@dataclass(frozen=True, slots=True)
class Calibration:
    """How scores become probabilities: divided by `temperature`, `outside_offset` added to the outside class."""

    temperature: float = 1.0
    outside_offset: float = 0.0

    def offsets(self, member: Floats, outside: int | None) -> Floats:
        """Return what is added to each service's score, of shape (n_services,)."""
        return np.zeros(len(member)) if outside is None else member[:, outside] * self.outside_offset


def fit_calibration(
    probabilities_at: Callable[[Calibration], Floats], targets: NDArray[np.int64], outside: int | None
) -> Calibration:
    """Return the calibration that makes the right classes likeliest.

    Parameters
    ----------
    probabilities_at : callable
        Takes a calibration and returns probabilities of shape (n_texts, n_classes).
    targets : ndarray of shape (n_texts,)
        Index of each text's right class.
    outside : int or None
        Index of the outside class; without one there is no offset to fit.
    """
    rows = np.arange(len(targets))

    def log_loss(point: Floats) -> float:
        calibration = Calibration(float(np.exp(point[0])), float(point[1]) if outside is not None else 0.0)
        return -float(np.log(probabilities_at(calibration)[rows, targets] + 1e-300).mean())

    found = minimize(log_loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-2, "fatol": 1e-5})
    return Calibration(float(np.exp(found.x[0])), float(found.x[1]) if outside is not None else 0.0)


def _membership(targets: NDArray[Any], classes: NDArray[Any], services: NDArray[Any], names: NDArray[Any]) -> Floats:
    """Return which service belongs to which class, of shape (n_services, n_classes)."""
    member = np.zeros((len(services), len(names)))
    member[np.searchsorted(services, targets), np.searchsorted(names, classes)] = 1
    torn = services[member.sum(axis=1) > 1]
    if len(torn):
        raise DataError(f"The service {str(torn[0])!r} stands with more than one class.", "conflicting_service")
    return member


def _unit_scores(pipeline: Pipeline, texts: list[str]) -> list[Floats]:
    """Return each text's scores, of shape (n_units, n_classes): the whole text's first."""
    units = [reading.units(normalise(text)[:MAX_CHARS]) for text in texts]
    scores = _as_columns(pipeline.decision_function([unit for parts in units for unit in parts]))
    ends = np.cumsum([len(parts) for parts in units])
    return np.split(scores, ends[:-1])


def _as_columns(scores: Floats) -> Floats:
    """Give two classes a score each: scikit-learn returns only the second one's."""
    return np.column_stack([np.zeros(len(scores)), scores]) if scores.ndim == 1 else scores


def _check_texts(X: Sequence[str]) -> list[str]:
    if isinstance(X, str):
        raise DataError("One text was given where a list of texts is needed; wrap it in a list.", "not_texts")
    texts = list(X)
    if not texts:
        raise DataError("No texts were given.", "no_texts")
    for index, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(f"Item {index} is {type(text).__name__}, not a text.", "not_texts")
    return texts
