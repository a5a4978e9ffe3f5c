import numpy as np
import pytest

from task_classifier.errors import DataError
from task_classifier.vectors import MeanWordVectorizer, WordVectors

VECTORS = WordVectors(
    ["pay", "wage"], np.array([[1.0, 0.0], [0.0, 2.0]], np.float32), np.array([0.25, 0.75], np.float32)
)


def test_a_text_is_the_weighted_mean_of_its_known_words():
    found = MeanWordVectorizer(VECTORS).fit([]).transform(["Pay a wage!", "pay pay", "nothing known", ""])
    assert found.tolist() == [[0.25, 1.5], [1.0, 0.0], [0.0, 0.0], [0.0, 0.0]]


def test_the_scale_multiplies():
    assert MeanWordVectorizer(VECTORS, scale=3.0).fit([]).transform(["pay"]).tolist() == [[3.0, 0.0]]


def test_saving_keeps_words_and_nearly_the_vectors(tmp_path):
    VECTORS.save(tmp_path / "v.npz")
    loaded = WordVectors.load(tmp_path / "v.npz")
    assert loaded.words == VECTORS.words
    assert loaded.vectors == pytest.approx(VECTORS.vectors, abs=0.02)
    assert loaded.weights == pytest.approx(VECTORS.weights)
    assert loaded.fingerprint == WordVectors.load(tmp_path / "v.npz").fingerprint


def test_what_is_no_table_is_refused(tmp_path):
    path = tmp_path / "v.npz"
    with pytest.raises(DataError, match="No word vectors"):
        WordVectors.load(path)
    for content in (b"", b"PK", b"x" * 100):
        path.write_bytes(content)
        with pytest.raises(DataError):
            WordVectors.load(path)
    with pytest.raises(DataError, match="differ in number"):
        WordVectors(["a"], VECTORS.vectors, VECTORS.weights)
