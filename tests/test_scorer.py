import numpy as np
import pytest
from conftest import DATA
from hypothesis import given, settings
from hypothesis import strategies as st

from task_classifier.errors import ModelError
from task_classifier.scorer import LinearScorer, TermTable, WordTable

TERMS = TermTable(
    ["pay", "supplier", "pay supplier"],
    np.array([1.0, 2.0, 3.0], np.float32),
    np.array([[1, 0], [0, 1], [2, 0]], np.float32),
)
WORDS = WordTable(["pay", "wage"], np.array([[1, 0], [3, 0]], np.float32), np.array([0.25, 0.75], np.float32))
SCORER = LinearScorer(TERMS, WORDS, np.array([0.5, -0.5]))


def test_a_score_by_hand():
    """pay x2, supplier x1, pay supplier x1: tf 1+ln2, 1, 1; idf 1, 2, 3; mean of words: pay alone."""
    features = SCORER.features("Pay supplier, pay")
    raw = np.array([1 + np.log(2), 2.0, 3.0])
    values = raw / np.linalg.norm(raw)
    expected = [values[0] + 2 * values[2] + 1.0 + 0.5, values[1] - 0.5]
    assert SCORER.scores(features) == pytest.approx(expected)
    assert features.known_share == 1.0
    assert not features.is_empty


def test_word_shares_are_of_known_words_only():
    features = SCORER.features("pay wage unknown")
    assert features.word_shares.tolist() == [0.25, 0.75]
    assert features.known_share == pytest.approx(1 / 3)


def test_a_text_without_known_words_has_the_intercept():
    for text in ("", "zebra"):
        features = SCORER.features(text)
        assert SCORER.scores(features).tolist() == [0.5, -0.5]
        assert features.is_empty


@settings(deadline=None, max_examples=200)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_equal_to_scikit_learn_on_arbitrary_unicode(text):
    from task_classifier.text import normalise

    pipeline, scorer = test_equal_to_scikit_learn_on_arbitrary_unicode.pair
    found = scorer.scores(scorer.features(normalise(text)))
    assert np.abs(found - pipeline.decision_function([normalise(text)])[0]).max() < 1e-6 * max(1, np.abs(found).max())


@pytest.fixture(autouse=True, scope="module")
def _pair(small_data):
    from task_classifier.classifier import Calibration
    from task_classifier.compilation import compile_model
    from task_classifier.dataset import load_dataset
    from task_classifier.training import default_classifier

    dataset = load_dataset(small_data)
    classifier = default_classifier(DATA).set_params(calibration_folds=2)
    classifier.fit(dataset.texts, dataset.categories, services=dataset.services)
    classifier.calibration_ = Calibration()
    model = compile_model(classifier, dataset.taxonomy)
    test_equal_to_scikit_learn_on_arbitrary_unicode.pair = (classifier.pipeline_, model.scorer)


@pytest.mark.parametrize(
    ("terms", "words", "intercept"),
    [
        (TermTable(["pay"], TERMS.idf, TERMS.coef), WORDS, SCORER.intercept),
        (TermTable(["a", "a", "b"], TERMS.idf, TERMS.coef), WORDS, SCORER.intercept),
        (TermTable(TERMS.terms, TERMS.idf * np.inf, TERMS.coef), WORDS, SCORER.intercept),
        (TERMS, WORDS, np.zeros(3)),
        (TERMS, WORDS, np.array([np.nan, 0.0])),
    ],
)
def test_tables_that_do_not_fit_are_refused(terms, words, intercept):
    with pytest.raises(ModelError):
        LinearScorer(terms, words, intercept)
