import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from task_classifier.errors import ModelError, TaxonomyError, TextError
from task_classifier.text import MAX_BYTES, MAX_CHARS

AD = "\n".join(
    [
        "About us: we are a family firm that has made garden furniture since the days of the old king.",
        "You will process the payroll of 400 employees each month and answer their queries on tax and leave.",
        "You will enter starters and leavers, overtime and sick pay, and reconcile the payroll control accounts.",
        "You will file the employer's returns and send the pension contributions to the provider.",
        "We welcome applications from everyone, whatever their age, gender, origin or belief.",
        "A dental plan, a bicycle lease and free fruit await you in our sunny office by the canal.",
    ]
)


def test_each_kind_of_text_gets_its_answer(shipped_model):
    texts = {
        "Match supplier invoices to purchase orders": ("BPO", "finance_accounting", "accounts_payable"),
        "Draft and negotiate supply agreements with vendors": ("KPO", "legal_services", "contract_management"),
        "Assign ICD-10 codes to inpatient discharges": ("KPO", "healthcare_services", "medical_coding"),
        AD: ("BPO", "human_resources", "payroll"),
    }
    for text, expected in texts.items():
        answer = shipped_model.classify([text])[0]
        assert (answer.label, answer.category.id, answer.service.id) == expected


def test_a_batch_answers_as_each_text_alone(shipped_model):
    texts = ["Enter survey forms", AD, "Resurface the car park", "Paie", "???", "Medical billing follow-up"]
    assert shipped_model.classify(texts) == [shipped_model.classify([text])[0] for text in texts]
    assert shipped_model.classify(texts[::-1]) == shipped_model.classify(texts)[::-1]


@settings(deadline=None, max_examples=150)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_any_visible_text_is_answered_and_always_alike(text):
    model = test_any_visible_text_is_answered_and_always_alike.model
    if not any(character.isprintable() and not character.isspace() for character in text):
        return
    answer = model.answer(text)
    assert 0 <= answer.outside_score <= 1
    assert answer == model.answer(text)


@pytest.fixture(autouse=True, scope="module")
def _model(shipped_model):
    test_any_visible_text_is_answered_and_always_alike.model = shipped_model


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty_text"),
        (" \n", "empty_text"),
        ("a\ud800", "not_unicode"),
        ("x " * MAX_BYTES, "text_too_long"),
        (3, "not_text"),
    ],
)
def test_bad_texts_have_codes(shipped_model, text, code):
    with pytest.raises(TextError) as caught:
        shipped_model.classify([text])
    assert caught.value.code == code


def test_one_text_instead_of_a_list_is_refused(shipped_model):
    with pytest.raises(TextError):
        shipped_model.classify("Payroll")


@pytest.mark.parametrize("text", ["😀🎉", "!!! ... ???", "x", "你"])
def test_texts_without_words_are_outside(shipped_model, text):
    answer = shipped_model.answer(text)
    assert (answer.status, answer.reasons) == ("outside_taxonomy", ("no_known_words",))


@pytest.mark.parametrize(
    "text",
    [
        "請求書の入力と支払処理を担当していただきます",
        "Обработка счетов поставщиков и сверка с заказами",
        "Wprowadzanie faktur dostawców i uzgadnianie z zamówieniami zakupu",
    ],
)
def test_languages_it_was_not_trained_on_are_not_guessed(shipped_model, text):
    answer = shipped_model.answer(text)
    assert answer.status == "outside_taxonomy"
    assert answer.reasons[0] in ("unsupported_language", "no_known_words")


def test_controls_html_and_case_change_nothing(shipped_model):
    plain = shipped_model.answer("Match supplier invoices to purchase orders")
    for text in (
        "Match\u0000 supplier\u200b invoices to purchase orders",
        "<p>Match <b>supplier</b> invoices to&nbsp;purchase orders</p>",
        "  MATCH SUPPLIER INVOICES TO PURCHASE ORDERS  ",
    ):
        assert shipped_model.answer(text) == plain


def test_a_long_text_is_cut_and_says_so(shipped_model):
    long = "Process supplier invoices and pay them. " * (MAX_CHARS // 20)
    answer = shipped_model.answer(long)
    assert "truncated" in answer.reasons
    assert answer.category.id == "finance_accounting"


def test_sentences_and_shares(shipped_model):
    readings = shipped_model.sentences(AD)
    assert len(readings) == 6
    assert readings[1].category == "human_resources"
    assert readings[4].label is None
    shares = shipped_model.label_shares(AD)
    assert sum(shares.values()) == pytest.approx(1)
    assert shares["BPO"] > 0.8
    mixed = shipped_model.label_shares("Process monthly payroll. Draft and negotiate supply agreements with vendors.")
    assert min(mixed.values()) > 0.3


def test_a_model_that_does_not_fit_its_taxonomy_is_refused(shipped_model):
    fewer = replace(shipped_model.taxonomy, categories=shipped_model.taxonomy.categories[:-1])
    with pytest.raises(TaxonomyError):
        replace(shipped_model, taxonomy=fewer)
    with pytest.raises(ModelError):
        replace(shipped_model, columns=shipped_model.columns[:-1])


def test_probabilities_sum_to_one(shipped_model):
    assert shipped_model.predict_proba([AD, "x", "Payroll run"]).sum(axis=1) == pytest.approx(np.ones(3))


def test_classifying_imports_neither_scikit_learn_nor_pandas():
    """A command must answer within a second of its start; scikit-learn alone takes two to import."""
    code = (
        "import sys; from task_classifier import load_model; load_model().classify(['Run payroll']);"
        "print(sorted({'sklearn', 'pandas', 'scipy', 'yaml', 'matplotlib'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "[]\n"
