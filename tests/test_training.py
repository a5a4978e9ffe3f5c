import json

import numpy as np
import pytest
from conftest import DATA

from task_classifier.classifier import TaskClassifier
from task_classifier.dataset import load_dataset
from task_classifier.store import find_model, load_model
from task_classifier.training import default_classifier, train, train_and_save
from task_classifier.vectors import WordVectors


def test_the_same_data_gives_the_same_bytes(small_data, saved_model, tmp_path):
    again = train(small_data, TaskClassifier(calibration_folds=3))[0].save(tmp_path / "again")
    for path in saved_model.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


def test_every_class_is_among_the_examples(small_model, taxonomy):
    answered = {taxonomy.classes[row.argmax()] for row in small_model.predict_proba(small_model.examples)}
    assert answered == set(taxonomy.classes)


def test_the_manifest_says_how_it_was_made(small_data, small_model):
    record = small_model.training
    assert record["data"]["fingerprint"] == load_dataset(small_data).fingerprint
    assert sum(record["data"]["per_class"].values()) == record["data"]["rows"]
    assert record["settings"]["random_state"] == 0
    assert set(record["held_out"]) >= {"label", "category", "coverage", "precision", "outside_auc", "ece"}
    json.dumps(dict(record))


def test_word_vectors_of_the_data_folder_are_used(tmp_path):
    assert default_classifier(tmp_path).word_vectors is None
    WordVectors(["pay"], np.ones((1, 2), np.float32), np.ones(1, np.float32)).save(tmp_path / "word_vectors.npz")
    assert default_classifier(tmp_path).word_vectors.words == ["pay"]


def test_train_and_save_writes_card_and_report_and_makes_it_current(small_data, tmp_path):
    folder, figures = train_and_save(small_data, tmp_path / "models")
    assert find_model(tmp_path / "models") == folder
    assert load_model(folder).version == folder.name
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert f"{figures['label']:.3f}" in card
    assert "held-out folds" in (folder / "report" / "report.html").read_text(encoding="utf-8")
    assert train_and_save(small_data, tmp_path / "models")[0] == folder


def test_held_out_figures_are_lower_than_those_on_seen_texts(small_data, small_model):
    dataset = load_dataset(small_data)
    seen = small_model.predict_proba(dataset.texts).argmax(axis=1)
    share = (seen == [dataset.taxonomy.classes.index(name) for name in dataset.categories]).mean()
    assert small_model.training["held_out"]["category"] < share - 0.02


@pytest.mark.slow
def test_training_gives_the_shipped_model():
    """`make train` reproduces the shipped model: same data, and the same answers up to another processor's rounding."""
    shipped, (again, _) = load_model(), train(DATA)
    assert again.training["data"] == shipped.training["data"]
    assert again.columns == shipped.columns
    assert again.scorer.terms.terms == shipped.scorer.terms.terms
    assert again.thresholds.to_dict() == pytest.approx(shipped.thresholds.to_dict(), abs=1e-3)
    examples = shipped.examples
    assert np.abs(again.predict_proba(examples) - shipped.predict_proba(examples)).max() < 1e-3
