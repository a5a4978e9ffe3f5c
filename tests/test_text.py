import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_classifier.errors import TextError
from task_classifier.text import MAX_BYTES, check, language, normalise, sentences, tokens

unicode_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=300)


@given(unicode_text)
def test_normalising_twice_changes_nothing_more(text):
    assert normalise(normalise(text)) == normalise(text)


@given(st.text(alphabet="<>&;#ltgampnbsp/ab\n•-*1.) @w:x", max_size=80))
def test_normalising_markup_twice_changes_nothing_more(text):
    assert normalise(normalise(text)) == normalise(text)


@given(unicode_text)
def test_sentences_hold_every_word_of_the_text_in_order(text):
    normalised = normalise(text)
    assert [word for part in sentences(normalised) for word in tokens(part)] == tokens(normalised)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("Fish &amp; chips", "Fish & chips"),
        ("&amp;lt;p&amp;gt;Payroll&amp;lt;/p&amp;gt;", "Payroll"),
        ("<div>One</div><div>Two</div>", "One\nTwo"),
        ("<script>alert('x')</script>Payroll<style>p {}</style>", "Payroll"),
        ("a <b>bold</b> word, 3 < 4 and 5 > 2", "a bold word, 3 < 4 and 5 > 2"),
        ("Payroll\u200b run\u0000\u202e now", "Payroll run now"),
        ("ﬁling ｆｕｌｌ ①", "filing full 1"),
        ("Mail jobs@example.org or see www.example.org/a?b=c now", "Mail or see now"),
        ("Ref 2023/0045, tel. +44 (0)20 7946 0958, £1,250,000.00 by 2024", "Ref / tel. +44 (0)20 £ by"),
        ("24/7 desk, W-2 and 1099 forms, 3-way match, ICD-10", "24/7 desk, W-2 and 1099 forms, 3-way match, ICD-10"),
        ("- Post\n• Pay\n1. File\n(a) Index", "Post\nPay\nFile\nIndex"),
        ("  a \t b \r\n\r\n c ", "a b\nc"),
    ],
)
def test_normalise(raw, clean):
    assert normalise(raw) == clean


def test_tokens_are_lower_case_words_of_two_characters_or_more():
    assert tokens("A/P clerk, P2P, Añejo 3 24x7") == ["clerk", "p2p", "añejo", "24x7"]


def test_sentences_end_at_line_breaks_stops_and_inline_bullets():
    assert sentences("Pay. File returns\nAnswer e.g. calls • Post • Index") == [
        "Pay.",
        "File returns",
        "Answer e.g. calls",
        "Post",
        "Index",
    ]


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\u200b\u200d", "\u0000"])
def test_nothing_visible_is_empty(text):
    with pytest.raises(TextError) as caught:
        check(text)
    assert caught.value.code == "empty_text"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (None, "not_text"),
        (3, "not_text"),
        (b"x", "not_text"),
        ("a\ud800", "not_unicode"),
        ("é" * MAX_BYTES, "text_too_long"),
    ],
)
def test_what_is_no_text_is_refused(text, code):
    with pytest.raises(TextError) as caught:
        check(text)
    assert caught.value.code == code


def test_the_limit_is_counted_in_bytes():
    assert check("é" * (MAX_BYTES // 2))
    with pytest.raises(TextError):
        check("é" * (MAX_BYTES // 2) + "a")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Match supplier invoices to purchase orders", "en"),
        ("Rapprochement des factures fournisseurs avec les bons de commande", "fr"),
        ("Buchung von Eingangsrechnungen und Abstimmung der Konten", "de"),
        ("请处理供应商发票", "zh"),
    ],
)
def test_language(text, code):
    assert language(text)[0] == code
