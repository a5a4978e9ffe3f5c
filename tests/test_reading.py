import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_classifier import reading

MEMBER = np.eye(3)  # three classes of one service each, the last one outside

scores = st.lists(st.lists(st.floats(-20, 20), min_size=3, max_size=3), min_size=4, max_size=9).map(np.array)


@given(scores)
def test_unit_weights_sum_to_one_and_are_not_negative(rows):
    weights = reading.unit_weights(rows, MEMBER, outside=-1)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()


def test_one_unit_has_all_the_weight():
    assert reading.unit_weights(np.zeros((1, 3)), MEMBER, outside=-1).tolist() == [1.0]


def test_a_short_text_is_its_only_unit():
    assert reading.units("Pay suppliers. File returns.") == ["Pay suppliers. File returns."]


def test_a_long_text_is_read_whole_and_by_sentence():
    text = "\n".join(f"Sentence number {word} of a longer text" for word in "abcdefghijklmnop")
    units = reading.units(text)
    assert units[0] == text
    assert units[1] == " ".join(text.split()[: reading.HEAD_WORDS])
    assert units[2:] == text.split("\n")


def test_a_long_text_of_one_sentence_has_one_unit():
    assert len(reading.units("word " * 200)) == 1


def test_sentences_that_say_nothing_hardly_count():
    says_something, says_nothing = [6.0, 0.0, 0.0], [0.0, 0.0, 6.0]
    weights = reading.unit_weights(np.array([says_something] * 3 + [says_nothing]), MEMBER, outside=-1)
    assert weights[2] > 50 * weights[3]


def test_a_category_counts_by_all_its_services():
    """Two services of one category at 0.4 each say as much as one at 0.8."""
    member = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    split, whole = np.log([[0.4, 0.4, 0.2]]), np.log([[0.8, 1e-9, 0.2]])
    found = [reading.informativeness(reading.softmax(rows) @ member, outside=1) for rows in (split, whole)]
    assert found[0] == pytest.approx(found[1])


@given(scores)
def test_softmax_sums_to_one(rows):
    assert reading.softmax(rows).sum(axis=1) == pytest.approx(1)
