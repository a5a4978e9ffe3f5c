import numpy as np
import pytest

from task_classifier.distillation import distil


@pytest.fixture
def distilled():
    generator = np.random.default_rng(0)
    plane = generator.normal(size=(200, 2)) @ generator.normal(size=(2, 10))
    frequencies = np.geomspace(0.05, 1e-8, 200)
    words = [f"word{i}" for i in range(200)]
    return plane, distil(words, plane.astype(np.float32), frequencies, n_dimensions=2)


def test_two_components_keep_the_distances_of_a_plane(distilled):
    plane, table = distilled
    before = np.linalg.norm(plane[:50, None] - plane[None, :50], axis=2)
    after = np.linalg.norm(table.vectors[:50, None] - table.vectors[None, :50], axis=2)
    assert after == pytest.approx(before, abs=1e-4)


def test_rarer_words_weigh_more(distilled):
    _, table = distilled
    assert (np.diff(table.weights) >= 0).all()
    assert table.weights[0] == pytest.approx(0.001 / 0.051)
    assert table.weights[-1] == pytest.approx(1.0, abs=1e-4)
