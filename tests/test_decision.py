import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_classifier.decision import Evidence, Thresholds, choose_thresholds, decide, wilson_lower
from task_classifier.prediction import ACCEPTED, NEEDS_REVIEW, OUTSIDE_TAXONOMY
from task_classifier.store import shipped
from task_classifier.taxonomy import read_taxonomy

TAXONOMY = read_taxonomy(shipped("data/taxonomy.yaml"))
THRESHOLDS = Thresholds(accept=0.8, outside=0.9)
CLASSES = TAXONOMY.classes


def evidence(probabilities, **rest):
    services = np.ones(len(TAXONOMY.service_ids))
    return Evidence(np.asarray(probabilities, float), services, **({"words": 5} | rest))


def spread(**shares):
    """Probabilities by class; what is left goes to all classes evenly."""
    rest = (1 - sum(shares.values())) / len(CLASSES)
    return [shares.get(name, 0.0) + rest for name in CLASSES]


def decided(probabilities, **rest):
    return decide(evidence(probabilities, **rest), THRESHOLDS, TAXONOMY, "test")


probabilities = (
    st.lists(st.floats(0.001, 1), min_size=len(CLASSES), max_size=len(CLASSES))
    .map(lambda values: np.array(values) ** 8)
    .map(lambda values: values / values.sum())
)


@given(probabilities, st.integers(0, 40), st.booleans(), st.booleans(), st.booleans())
def test_an_answer_never_contradicts_itself(shares, words, known, truncated, foreign):
    answer = decided(shares, words=words, has_known_words=known, truncated=truncated, foreign=foreign)
    assert (answer.status == OUTSIDE_TAXONOMY) == (answer.label is None)
    assert (
        (answer.label is None) == (answer.category is None) == (answer.service is None) == (answer.confidence is None)
    )
    if answer.category:
        assert answer.label == TAXONOMY.label_of(answer.category.id)
        assert answer.category.confidence <= answer.confidence + 1e-12 <= 1 - answer.outside_score + 1e-9
        assert TAXONOMY.class_of(answer.service.id) == answer.category.id
        assert answer.category.id not in [other.category for other in answer.alternatives]
    if answer.status == ACCEPTED:
        assert answer.confidence >= THRESHOLDS.accept
        assert set(answer.reasons) <= {"truncated"}
    else:
        assert answer.reasons


def test_the_service_is_the_categorys_likeliest_with_its_share():
    services = np.zeros(len(TAXONOMY.service_ids))
    services[TAXONOMY.service_ids.index("contract_management")] = 0.6
    services[TAXONOMY.service_ids.index("title_examination")] = 0.2
    services[TAXONOMY.service_ids.index("payroll")] = 0.9
    answer = decide(Evidence(np.array(spread(legal_services=0.9)), services, 5), THRESHOLDS, TAXONOMY, "test")
    assert (answer.service.id, answer.service.similarity) == ("contract_management", pytest.approx(0.75))


def test_a_model_not_taught_services_answers_none():
    none = np.zeros(len(TAXONOMY.service_ids))
    assert decide(Evidence(np.array(spread(legal_services=0.9)), none, 5), THRESHOLDS, TAXONOMY, "test").service is None


def test_confidence_is_the_sum_over_the_label():
    answer = decided(spread(finance_accounting=0.5, data_management=0.4))
    assert answer.category.id == "finance_accounting"
    assert answer.confidence == pytest.approx(0.9 + 4 * 0.01)
    assert answer.alternatives[0].category == "data_management"


@pytest.mark.parametrize(
    ("shares", "rest", "status", "reasons"),
    [
        (spread(legal_services=0.97), {}, ACCEPTED, ()),
        (spread(legal_services=0.97), {"truncated": True}, ACCEPTED, ("truncated",)),
        (spread(legal_services=0.97), {"words": 1}, NEEDS_REVIEW, ("too_short",)),
        (spread(legal_services=0.97), {"label_shares": {"BPO": 0.4, "KPO": 0.6}}, NEEDS_REVIEW, ("mixed_work",)),
        (spread(legal_services=0.6, outside=0.3), {}, NEEDS_REVIEW, ("low_confidence",)),
        (
            spread(legal_services=0.48, human_resources=0.44),
            {},
            NEEDS_REVIEW,
            ("low_confidence", "near_border"),
        ),
        (spread(outside=0.6, legal_services=0.3), {}, NEEDS_REVIEW, ("low_confidence", "outside_taxonomy")),
        (spread(outside=0.95), {}, OUTSIDE_TAXONOMY, ("outside_taxonomy",)),
        (spread(legal_services=0.97), {"has_known_words": False}, OUTSIDE_TAXONOMY, ("no_known_words",)),
        (spread(legal_services=0.97), {"foreign": True}, OUTSIDE_TAXONOMY, ("unsupported_language",)),
    ],
)
def test_status_and_reasons(shares, rest, status, reasons):
    answer = decided(shares, **rest)
    assert (answer.status, answer.reasons) == (status, reasons)


def test_a_refusal_still_names_the_nearest_but_a_foreign_text_is_not_guessed():
    assert decided(spread(outside=0.95, human_resources=0.03)).alternatives[0].category == "human_resources"
    assert decided(spread(human_resources=0.97), foreign=True).alternatives == ()


def test_thresholds_reach_the_target_with_a_bound():
    """Of 1,000 texts the surest 600 are right; below them every second one is wrong."""
    confidence = np.linspace(0.99, 0.3, 1000)
    rows = np.zeros((1000, len(CLASSES)))
    rows[:, CLASSES.index("legal_services")] = confidence
    rows[:, -1] = 1 - confidence
    truth = ["legal_services"] * 600 + ["legal_services", "customer_support"] * 200
    chosen = choose_thresholds(rows, truth, TAXONOMY, precision=0.99)
    accepted = confidence >= chosen.accept
    assert 590 <= accepted.sum() <= 620


def test_a_target_that_cannot_be_reached_accepts_nothing():
    rows = np.tile(spread(legal_services=0.9), (20, 1))
    assert choose_thresholds(rows, ["customer_support"] * 20, TAXONOMY).accept == 1.0


def test_wilson_lower_matches_a_published_value():
    """81 of 263: 0.2553 at 95 % two-sided (Newcombe, Statistics in Medicine 1998, table I)."""
    assert wilson_lower(np.array([81]), np.array([263]), z=1.959964)[0] == pytest.approx(0.2553, abs=5e-5)
