import io
import pickle

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.utils import estimator_checks

from task_classifier import reading
from task_classifier.classifier import Calibration, TaskClassifier, fit_calibration
from task_classifier.compilation import compile_model
from task_classifier.dataset import load_dataset
from task_classifier.errors import DataError
from task_classifier.vectors import WordVectors

TEXTS = ["pay supplier invoices", "match supplier invoices", "post supplier bills", "enter vendor invoices"] * 2 + [
    "draft a lease contract",
    "review a lease",
    "negotiate a contract",
    "amend the lease contract",
] * 2
CLASSES = ["finance_accounting"] * 8 + ["legal_services"] * 8


@pytest.fixture(scope="module")
def fitted():
    return TaskClassifier(min_df=1, calibration_folds=2).fit(TEXTS, CLASSES)


# scikit-learn's own checks: those that feed matrices of numbers do not apply to texts.
@pytest.mark.parametrize(
    "check",
    [
        estimator_checks.check_estimator_cloneable,
        estimator_checks.check_estimator_repr,
        estimator_checks.check_no_attributes_set_in_init,
        estimator_checks.check_parameters_default_constructible,
        estimator_checks.check_get_params_invariance,
        estimator_checks.check_set_params,
        estimator_checks.check_estimator_tags_renamed,
        estimator_checks.check_valid_tag_types,
        estimator_checks.check_mixin_order,
    ],
    ids=lambda check: check.__name__,
)
def test_scikit_learns_checks(check):
    check("TaskClassifier", TaskClassifier())


def test_it_predicts_what_it_learnt(fitted):
    assert fitted.predict(["supplier invoices", "lease contract"]).tolist() == ["finance_accounting", "legal_services"]
    assert fitted.score(TEXTS, CLASSES) == 1.0


def test_probabilities_sum_to_one_and_agree_with_predictions(fitted):
    probabilities = fitted.predict_proba(TEXTS)
    assert probabilities.sum(axis=1) == pytest.approx(1)
    assert (fitted.classes_[probabilities.argmax(axis=1)] == fitted.predict(TEXTS)).all()


def test_clone_keeps_parameters_and_forgets_the_fit(fitted):
    twin = clone(fitted)
    assert twin.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        twin.predict(["x"])


def test_fitting_twice_gives_the_same(fitted):
    again = clone(fitted).fit(TEXTS, CLASSES)
    assert np.array_equal(again.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_grid_search_and_cross_validation_work_on_it():
    search = GridSearchCV(
        TaskClassifier(min_df=1, calibration_folds=0), {"C": [1.0, 10.0], "ngram_range": [(1, 1), (1, 2)]}, cv=2
    )
    assert search.fit(TEXTS, CLASSES).best_score_ == 1.0
    found = cross_val_predict(
        TaskClassifier(min_df=1, calibration_folds=2), TEXTS, CLASSES, cv=2, method="predict_proba"
    )
    assert found.shape == (16, 2)


def test_it_survives_joblib_and_pickle_among_data_scientists(fitted):
    buffer = io.BytesIO()
    joblib.dump(fitted, buffer)
    buffer.seek(0)
    for twin in (joblib.load(buffer), pickle.loads(pickle.dumps(fitted))):
        assert np.array_equal(twin.predict_proba(TEXTS), fitted.predict_proba(TEXTS))


def test_sample_weights_count():
    texts, classes = ["alpha beta"] * 4 + ["alpha beta"] * 4, ["a"] * 4 + ["b"] * 4
    weighted = TaskClassifier(min_df=1, calibration_folds=2, class_weight=None)
    weighted.fit(texts, classes, sample_weight=[9] * 4 + [1] * 4)
    assert weighted.predict(["alpha beta"]) == ["a"]


def test_calibration_scores_are_of_texts_not_seen(fitted):
    """A text whose words occur nowhere else scores like an empty one when it is held out."""
    unique = TaskClassifier(min_df=1, calibration_folds=2, class_weight=None)
    unique.fit([*TEXTS, "zymurgy qwerty", "xylophone asdf"], [*CLASSES, "legal_services", "finance_accounting"])
    seen = unique.predict_proba(["zymurgy qwerty"])[0, 1]
    held_out = unique.held_out_proba_[16, 1]
    assert seen > 0.6
    assert held_out == pytest.approx(0.5, abs=0.1)


def test_groups_stay_together_in_calibration():
    """Every text is in the one group of its class: no fold can hold a class out without losing it."""
    groups = list(range(8)) * 2
    classifier = TaskClassifier(min_df=1, calibration_folds=4).fit(TEXTS, CLASSES, groups=groups)
    assert classifier.held_out_proba_.shape == (16, 2)


def test_calibration_finds_what_was_done_to_the_scores():
    """Scores multiplied by 3 and an outside class made too likely by e: both are undone."""
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(20_000, 4)) * 2
    targets = np.array([generator.choice(4, p=row) for row in reading.softmax(scores)])
    spoilt = 3.0 * (scores + np.array([0, 0, 0, 1.0]))

    def probabilities_at(calibration):
        return reading.softmax(spoilt / calibration.temperature + calibration.offsets(np.eye(4), 3))

    found = fit_calibration(probabilities_at, targets, outside=3)
    assert found.temperature == pytest.approx(3.0, rel=0.05)
    assert found.outside_offset == pytest.approx(-1.0, abs=0.1)


def test_without_an_outside_class_there_is_no_offset():
    assert Calibration(outside_offset=2.0).offsets(np.eye(3), None).tolist() == [0, 0, 0]


def test_services_are_learnt_and_summed():
    services = ["payable"] * 4 + ["bookkeeping"] * 4 + ["contract"] * 8
    classifier = TaskClassifier(min_df=1, calibration_folds=2).fit(TEXTS, CLASSES, services=services)
    assert classifier.services_.tolist() == ["bookkeeping", "contract", "payable"]
    by_service, by_class = classifier.predict_service_proba(TEXTS), classifier.predict_proba(TEXTS)
    assert by_class[:, 0] == pytest.approx(by_service[:, 0] + by_service[:, 2])
    assert np.exp(classifier.decision_function(TEXTS)) == pytest.approx(by_class)


def test_a_service_of_two_classes_is_refused():
    with pytest.raises(DataError, match="'odd' stands with more than one class"):
        TaskClassifier(min_df=1, calibration_folds=2).fit(TEXTS, CLASSES, services=["odd"] * 16)


@pytest.mark.parametrize(
    ("texts", "classes", "code"),
    [
        (["a b", "c d"], ["x", "x"], "single_class"),
        (["a b", "c d"], ["x", "y"], "class_too_small"),
        ([], [], "no_texts"),
        ([None, "a"], ["x", "y"], "not_texts"),
        ("text", ["x"], "not_texts"),
    ],
)
def test_what_cannot_be_learnt_is_named(texts, classes, code):
    with pytest.raises(DataError) as caught:
        TaskClassifier().fit(texts, classes)
    assert caught.value.code == code


def test_to_model_gives_the_same_answers(small_data):
    dataset = load_dataset(small_data)
    vectors = WordVectors(
        ["invoice", "invoices", "bill", "lease"],
        np.array([[1, 0, 2], [1, 0.5, 2], [0.9, 0, 1], [0, 1, -1]], np.float32),
        np.array([0.5, 0.6, 0.7, 0.8], np.float32),
    )
    classifier = TaskClassifier(calibration_folds=2, word_vectors=vectors, vector_scale=3.0)
    classifier.fit(dataset.texts, dataset.categories, services=dataset.services)
    model = classifier.to_model(dataset.taxonomy)
    order = [dataset.taxonomy.classes.index(name) for name in classifier.classes_]
    assert np.abs(model.predict_proba(dataset.texts)[:, order] - classifier.predict_proba(dataset.texts)).max() < 1e-6


def test_a_model_of_two_classes_never_answers_the_others(fitted):
    answer = fitted.to_model().classify(["match supplier invoices"])[0]
    assert answer.category.id == "finance_accounting"
    assert answer.service is None
    assert answer.alternatives[-1].confidence == 0.0


def test_what_cannot_be_compiled_is_named(fitted, taxonomy):
    with pytest.raises(DataError, match="calibration_folds"):
        TaskClassifier(min_df=1, calibration_folds=0).fit(TEXTS, CLASSES).to_model()
    other = TaskClassifier(min_df=1, calibration_folds=2).fit(TEXTS, ["x"] * 8 + ["y"] * 8)
    with pytest.raises(DataError, match="'x' is not in the taxonomy"):
        compile_model(other)
    misplaced = TaskClassifier(min_df=1, calibration_folds=2)
    misplaced.fit(TEXTS, CLASSES, services=["payroll"] * 8 + ["legal_services"] * 8)
    with pytest.raises(DataError, match="'payroll' is of another class"):
        misplaced.to_model(taxonomy)
