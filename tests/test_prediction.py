import json

from task_classifier.prediction import COLUMNS, Alternative, CategoryAnswer, Prediction, ServiceAnswer, error_columns

FULL = Prediction(
    label="BPO",
    confidence=0.97234567,
    category=CategoryAnswer("finance_accounting", "Finance and accounting", 0.941),
    service=ServiceAnswer("accounts_payable", "Accounts payable", 0.63),
    alternatives=(Alternative("data_management", "BPO", 0.031),),
    outside_score=0.012,
    status="needs_review",
    reasons=("low_confidence", "near_border"),
    model_version="1",
)
REFUSED = Prediction(None, None, None, None, (), 0.99, "outside_taxonomy", ("outside_taxonomy",), "1")


def test_json_is_the_contract():
    assert FULL.to_dict() == {
        "label": "BPO",
        "confidence": 0.972346,
        "category": {"id": "finance_accounting", "name": "Finance and accounting", "confidence": 0.941},
        "service": {"id": "accounts_payable", "name": "Accounts payable", "similarity": 0.63},
        "alternatives": [{"category": "data_management", "label": "BPO", "confidence": 0.031}],
        "outside_score": 0.012,
        "status": "needs_review",
        "reasons": ["low_confidence", "near_border"],
        "model_version": "1",
    }
    assert json.loads(json.dumps(FULL.to_dict())) == FULL.to_dict()


def test_a_refusal_has_nulls():
    answer = REFUSED.to_dict()
    assert [answer[name] for name in ("label", "confidence", "category", "service")] == [None] * 4


def test_columns_are_texts_in_the_contracts_order():
    columns = FULL.to_columns()
    assert tuple(columns) == COLUMNS
    assert columns["reasons"] == "low_confidence;near_border"
    assert columns["confidence"] == "0.972346"
    assert columns["error"] == ""
    assert REFUSED.to_columns()["label"] == REFUSED.to_columns()["category_confidence"] == ""


def test_an_unreadable_row_has_its_error_and_nothing_else():
    columns = error_columns("empty_text", "1")
    assert tuple(columns) == COLUMNS
    assert {name for name, value in columns.items() if value} == {"error", "model_version"}
