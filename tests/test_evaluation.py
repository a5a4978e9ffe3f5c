import math

import numpy as np
import pandas as pd
import pytest
from conftest import write_csv

from task_classifier.errors import DataError, TableError, TaxonomyError
from task_classifier.evaluation import Evaluation, calibration_error, evaluate, figures

ROWS = [
    # label, category, said_label, said_category, confidence, outside_score, status
    ("BPO", "human_resources", "BPO", "human_resources", 0.95, 0.01, "accepted"),
    ("BPO", "human_resources", "BPO", "data_management", 0.65, 0.10, "needs_review"),
    ("KPO", "legal_services", "BPO", "data_management", 0.90, 0.05, "accepted"),
    ("KPO", "legal_services", "", "", np.nan, 0.70, "outside_taxonomy"),
    ("OUT", "", "KPO", "legal_services", 0.92, 0.06, "accepted"),
    ("OUT", "", "", "", np.nan, 0.99, "outside_taxonomy"),
    ("BPO", "", "BPO", "customer_support", 0.91, 0.02, "accepted"),
]
NAMES = ["label", "category", "said_label", "said_category", "confidence", "outside_score", "status"]


@pytest.fixture
def rows():
    return pd.DataFrame(ROWS, columns=NAMES).assign(text="Some text", source="hand", file="rows")


def test_figures_by_hand(rows):
    found = figures(rows)
    assert found["rows"] == 7
    assert found["label"] == 2 / 4
    assert found["category"] == 1 / 4
    assert found["coverage"] == 2 / 4
    assert found["precision"] == 2 / 4
    # in scope .01 .10 .05 .70, outside .06 .99: 5 + ... of 8 pairs right
    assert found["outside_auc"] == (2 + 4) / 8
    assert found["ece"] == pytest.approx((0.35 + abs(1.85 - 1)) / 3)


def test_figures_of_nothing_are_nan(rows):
    found = figures(rows[rows["label"] == "OUT"])
    assert all(math.isnan(found[name]) for name in ("label", "category", "coverage", "outside_auc", "ece"))


def test_calibration_error_of_perfect_and_of_overconfident_answers():
    assert calibration_error(np.array([1.0] * 4), np.array([True] * 4)) == 0
    assert calibration_error(np.array([1.0] * 4), np.array([True, False] * 2)) == 0.5


def test_tables(rows, taxonomy):
    evaluation = Evaluation(rows, taxonomy, "1")
    labels = evaluation.per_class("label")
    assert labels.loc["BPO", "texts"] == 3
    assert labels.loc["BPO", "recall"] == 1
    confusion = evaluation.confusion()
    assert confusion.loc["legal_services", "outside"] == 1
    assert confusion.loc["outside", "legal_services"] == 1
    assert confusion.to_numpy().sum() == 6
    assert evaluation.bands()["texts"].sum() == 3
    curve = evaluation.coverage_curve()
    assert curve["coverage"].iloc[-1] == 3 / 4
    assert curve["precision"].iloc[0] == 1


def test_labels_and_categories_or_services_are_read(small_model, tmp_path):
    one = write_csv(
        tmp_path / "one.csv",
        [
            ["text", "label", "category", "source"],
            ["Run payroll", "BPO", "human_resources", "a"],
            ["Dig", "OUT", "", "b"],
        ],
    )
    two = write_csv(
        tmp_path / "two.csv", [["text", "service"], ["Run payroll", "payroll"], ["Dig", "works_construction"]]
    )
    evaluation = evaluate(small_model, [tmp_path])
    assert list(evaluation.rows["label"]) == ["BPO", "OUT"] * 2
    assert list(evaluation.summary()) == ["one", "two", "all"]
    assert set(evaluation.by_source()) == {"", "a", "b"}
    assert evaluate(small_model, [one, two]).rows.equals(evaluation.rows)


@pytest.mark.parametrize(
    ("rows", "error", "code"),
    [
        ([["text", "label"], ["a", "BPO"]], DataError, "column_not_found"),
        ([["words", "label", "category"], ["a", "BPO", ""]], TableError, "column_not_found"),
        ([["text", "label", "category"], ["a", "XPO", ""]], DataError, "unknown_label"),
        ([["text", "label", "category"], ["a", "KPO", "human_resources"]], DataError, "conflicting_label"),
        ([["text", "label", "category"], ["a", "KPO", "wizardry"]], TaxonomyError, "unknown_category"),
        ([["text", "service"], ["a", "wizardry"]], TaxonomyError, "unknown_service"),
        ([["text", "service"], ["a"]], DataError, "invalid_data"),
        ([["text", "service"], [" ", "payroll"]], DataError, "empty_text"),
        ([["text", "service"]], DataError, "no_texts"),
    ],
)
def test_files_that_cannot_be_evaluated(small_model, tmp_path, rows, error, code):
    path = write_csv(tmp_path / "rows.csv", rows)
    with pytest.raises(error) as caught:
        evaluate(small_model, [path])
    assert caught.value.code == code


def test_an_empty_folder_is_refused(small_model, tmp_path):
    with pytest.raises(DataError):
        evaluate(small_model, [tmp_path])
