"""From labelled descriptions to a model folder."""

from __future__ import annotations

import platform
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import sklearn

from task_classifier.card import render_card
from task_classifier.classifier import TaskClassifier
from task_classifier.compilation import PRECISION, compile_model, held_out_probabilities
from task_classifier.dataset import Dataset, load_dataset
from task_classifier.decision import MIN_WORDS, Evidence, decide
from task_classifier.evaluation import Evaluation, answer_row, figures, truth_of
from task_classifier.model import TaskModel
from task_classifier.report import render_report
from task_classifier.store import promote, save_model
from task_classifier.vectors import WordVectors


def train(folder: str | Path, classifier: TaskClassifier | None = None) -> tuple[TaskModel, Evaluation]:
    """Train a model on a folder of labelled descriptions.

    Parameters
    ----------
    folder : str or Path
        As `task_classifier.dataset.load_dataset` takes it; a file ``word_vectors.npz`` in it is used.
    classifier : TaskClassifier, optional
        The shipped recipe by default.

    Returns
    -------
    model : TaskModel
    evaluation : Evaluation
        Answers to the training texts, each by a model that has not seen it, per class and style.
    """
    dataset = load_dataset(folder)
    classifier = classifier or default_classifier(Path(folder))
    classifier.fit(dataset.texts, dataset.categories, services=dataset.services, groups=dataset.groups)
    model = compile_model(classifier, dataset.taxonomy, dataset.texts)
    evaluation = held_out_evaluation(classifier, dataset, model)
    model = replace(
        model,
        languages=dataset.languages,
        training=_record(classifier, dataset) | {"held_out": figures(evaluation.rows)},
    )
    return model, evaluation


def train_and_save(data: Path, output: Path) -> tuple[Path, dict[str, float]]:
    """Train on a folder of data, save the model with card and report into a folder of models, make it current.

    Returns
    -------
    folder : Path
        ``output/<version>``; left as it is when the same model is there already.
    figures : dict of str to float
        Held-out figures, as `task_classifier.evaluation.figures` names them.
    """
    model, evaluation = train(data)
    documents = {
        "README.md": render_card(model, evaluation).encode("utf-8"),
        "report/report.html": render_report(evaluation).encode("utf-8"),
    }
    output.mkdir(parents=True, exist_ok=True)
    folder = save_model(model, output, documents)
    promote(folder)
    return folder, dict(model.training["held_out"])


def held_out_evaluation(classifier: TaskClassifier, dataset: Dataset, model: TaskModel) -> Evaluation:
    """Decide on each training text by its held-out probabilities and put the answers beside the truth."""
    none = np.zeros(len(dataset.taxonomy.service_ids))
    answers = [
        decide(Evidence(row, none, MIN_WORDS), model.thresholds, model.taxonomy, "held-out folds")
        for row in held_out_probabilities(classifier, dataset.taxonomy)
    ]
    truth = [truth_of(service, dataset.taxonomy) for service in dataset.services]
    rows = pd.DataFrame(
        {
            "text": dataset.texts,
            "label": [label for label, _ in truth],
            "category": [category for _, category in truth],
            "source": dataset.rows["style"],
            "file": "held-out folds",
        }
    ).join(pd.DataFrame([answer_row(answer) for answer in answers]))
    return Evaluation(rows, dataset.taxonomy, "held-out folds")


def default_classifier(folder: Path) -> TaskClassifier:
    """Return the shipped recipe, with the folder's word vectors if it holds some."""
    path = folder / "word_vectors.npz"
    return TaskClassifier(word_vectors=WordVectors.load(path) if path.exists() else None)


def _record(classifier: TaskClassifier, dataset: Dataset) -> dict[str, Any]:
    settings = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in classifier.get_params(deep=False).items()
        if name != "word_vectors"
    }
    vectors = classifier.word_vectors
    return {
        "data": {
            "fingerprint": dataset.fingerprint,
            "rows": len(dataset.rows),
            "per_class": {str(k): int(v) for k, v in dataset.rows["category"].value_counts().sort_index().items()},
        },
        "settings": settings | {"word_vectors": vectors.fingerprint if vectors else None},
        "precision_target": PRECISION,
        "calibration": asdict(classifier.calibration_),
        "software": {
            "python": platform.python_version(),
            "scikit-learn": sklearn.__version__,
            "numpy": np.__version__,
        },
    }
