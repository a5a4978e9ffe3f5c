"""TaskModel: what is saved, loaded and served; texts in, predictions out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from task_classifier import reading, text
from task_classifier.decision import Evidence, Thresholds, decide, label_probabilities
from task_classifier.errors import ModelError, TextError
from task_classifier.prediction import Prediction
from task_classifier.scorer import Features, LinearScorer
from task_classifier.taxonomy import LABELS, OUTSIDE_CLASS, Taxonomy

if TYPE_CHECKING:
    from task_classifier.explanation import Explanation

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SentenceReading:
    """One sentence of a text with its own answer's label, category and probabilities."""

    text: str
    label: str | None
    category: str | None
    confidence: float
    outside_score: float


@dataclass(frozen=True)
class TaskModel:
    """A trained model: scorer, taxonomy and thresholds.

    Parameters
    ----------
    scorer : LinearScorer
    columns : tuple of str
        What the scorer's columns stand for: ids of services and outside topics, or of classes.
    taxonomy : Taxonomy
    thresholds : Thresholds
    version : str
        ``"unsaved"`` until the model is saved and loaded.
    languages : tuple of str
        ISO 639-1 codes of the languages trained on.
    training : mapping
        How it was made: data fingerprint, settings, seed, figures.
    examples : tuple of str
        Texts whose answers are stored with the model and checked when it is loaded.
    """

    scorer: LinearScorer
    columns: tuple[str, ...]
    taxonomy: Taxonomy
    thresholds: Thresholds
    version: str = "unsaved"
    languages: tuple[str, ...] = ("en",)
    training: Mapping[str, Any] = field(default_factory=dict)
    examples: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if len(self.scorer.intercept) != len(self.columns) or len(set(self.columns)) != len(self.columns):
            raise ModelError("The model's columns are not its scorer's.", "invalid_model")
        for name in self.columns:
            self.taxonomy.class_of(name)

    @cached_property
    def member(self) -> Floats:
        """Which column belongs to which class, of shape (n_columns, n_classes): 1 or 0."""
        classes = self.taxonomy.classes
        return np.array([[self.taxonomy.class_of(name) == other for other in classes] for name in self.columns], float)

    @cached_property
    def _service_columns(self) -> list[tuple[int, int]]:
        """Pairs of a service's place in the taxonomy and its column."""
        places = {name: column for column, name in enumerate(self.columns)}
        return [(i, places[name]) for i, name in enumerate(self.taxonomy.service_ids) if name in places]

    def classify(self, texts: Sequence[str]) -> list[Prediction]:
        """Answer each text.

        Raises
        ------
        TextError
            For the first text that cannot be classified; `answer` takes texts one by one.

        Examples
        --------
        >>> from task_classifier import load_model
        >>> load_model().classify(["Draft and negotiate supply agreements"])[0].category.id
        'legal_services'
        """
        if isinstance(texts, str):
            raise TextError("One text was given where a list of texts is needed; wrap it in a list.", "not_text")
        return [self.answer(one) for one in texts]

    def answer(self, one: str) -> Prediction:
        """Answer one text; raises `TextError` as `task_classifier.text.check` does."""
        return decide(self.evidence(one), self.thresholds, self.taxonomy, self.version)

    def predict_proba(self, texts: Sequence[str]) -> Floats:
        """Return class probabilities of shape (n_texts, n_classes), in the order of `taxonomy.classes`."""
        return np.array([self.evidence(one).probabilities for one in texts])

    def evidence(self, one: str) -> Evidence:
        """Gather what is known of a text: the step before `decide`."""
        normalised = text.normalise(text.check(one))
        units = reading.units(normalised[: text.MAX_CHARS])
        found = [self.scorer.features(unit) for unit in units]
        scores = np.array([self.scorer.scores(features) for features in found])
        columns = reading.softmax(reading.combine(scores, self.member, OUTSIDE_CLASS))
        services = np.zeros(len(self.taxonomy.service_ids))
        for place, column in self._service_columns:
            services[place] = columns[column]
        return Evidence(
            probabilities=columns @ self.member,
            services=services,
            words=len(found[0].words),
            has_known_words=not found[0].is_empty,
            label_shares=self._label_shares(self._class_probabilities(scores[2:])) if len(scores) > 1 else None,
            truncated=len(normalised) > text.MAX_CHARS,
            foreign=self._is_foreign(units[0], found[0]),
        )

    def sentences(self, one: str) -> list[SentenceReading]:
        """Read each sentence of a text on its own."""
        parts = self._parts(one)
        return [self._read(part, row) for part, row in zip(parts, self._probabilities_of(parts), strict=True)]

    def label_shares(self, one: str) -> dict[str, float]:
        """Return the share of each label's work in a text, by its sentences; sums to 1."""
        return self._label_shares(self._probabilities_of(self._parts(one)))

    def explain(self, one: str, top: int = 10) -> Explanation:
        """Return the words that spoke for and against the nearest category."""
        from task_classifier.explanation import explain

        return explain(self, one, top)

    def save(self, folder: str | Path) -> Path:
        """Write the model to a new folder; see `task_classifier.store.save_model`."""
        from task_classifier.store import save_model

        return save_model(self, folder)

    def _parts(self, one: str) -> list[str]:
        return text.sentences(text.normalise(text.check(one))[: text.MAX_CHARS])[: reading.MAX_SENTENCES]

    def _probabilities_of(self, parts: list[str]) -> Floats:
        scores = [self.scorer.scores(self.scorer.features(part)) for part in parts]
        return self._class_probabilities(np.array(scores).reshape(len(parts), len(self.columns)))

    def _class_probabilities(self, scores: Floats) -> Floats:
        probabilities: Floats = reading.softmax(scores) @ self.member
        return probabilities

    def _read(self, part: str, probabilities: Floats) -> SentenceReading:
        category = self.taxonomy.categories[int(np.argmax(probabilities[:-1]))]
        sums = label_probabilities(probabilities, self.taxonomy)
        says_nothing = probabilities[-1] >= max(sums.values())
        return SentenceReading(
            part,
            None if says_nothing else category.label,
            None if says_nothing else category.id,
            sums[category.label],
            float(probabilities[-1]),
        )

    def _label_shares(self, probabilities: Floats) -> dict[str, float]:
        """Weigh the sentences' labels by how much each says of the work."""
        shares = dict.fromkeys(LABELS, 0.0)
        for weight, row in zip(reading.informativeness(probabilities, OUTSIDE_CLASS), probabilities, strict=True):
            for label, probability in label_probabilities(row, self.taxonomy).items():
                shares[label] += float(weight * probability)
        total = sum(shares.values()) or 1.0
        return {label: share / total for label, share in shares.items()}

    def _is_foreign(self, normalised: str, features: Features) -> bool:
        """Tell whether the text is in a language the model was not trained on.

        The language is looked at only where many words are unknown: the check costs more than scoring,
        and it errs on codes and abbreviations.
        """
        if not features.words or features.known_share >= self.thresholds.known_words:
            return False
        code, sureness = text.language(normalised)
        return code not in self.languages and sureness >= self.thresholds.language
