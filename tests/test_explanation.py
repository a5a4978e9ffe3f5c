import numpy as np
import pytest
from test_model import AD

from task_classifier import reading, text
from task_classifier.taxonomy import OUTSIDE_CLASS


@pytest.mark.parametrize("one", ["Match supplier invoices to purchase orders", AD, "Resurface the road", "???"])
def test_the_parts_sum_exactly_to_the_score(shipped_model, one):
    explanation = shipped_model.explain(one, top=3)
    units = reading.units(text.normalise(one))
    scores = np.array([shipped_model.scorer.scores(shipped_model.scorer.features(unit)) for unit in units])
    combined = reading.combine(scores, shipped_model.member, OUTSIDE_CLASS)
    target = shipped_model.columns.index(explanation.service)
    assert explanation.score == pytest.approx(combined[target] - combined.mean())
    listed = sum(part for _, part in explanation.words)
    assert explanation.baseline + listed + explanation.rest == pytest.approx(explanation.score)


def test_the_words_are_those_that_matter(shipped_model):
    words = dict(shipped_model.explain("Match supplier invoices to purchase orders").words)
    assert words["invoices"] > 0.5
    assert list(words.values()) == sorted(words.values(), key=abs, reverse=True)


def test_it_explains_the_service_that_is_answered(shipped_model):
    for one in ("Run the weekly payroll", "Search the register of trade marks", AD):
        explanation, answer = shipped_model.explain(one), shipped_model.answer(one)
        assert (explanation.category, explanation.service) == (answer.category.id, answer.service.id)
