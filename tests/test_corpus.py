import numpy as np
import pandas as pd
import pytest

from task_classifier.corpus import describe, label_suspects, repeated_runs
from task_classifier.dataset import Dataset, load_dataset


@pytest.fixture
def tiny(taxonomy):
    texts = [
        "Reconcile the petty cash book of the branch every Friday",
        "On Mondays reconcile the petty cash book of the branch again",
        "Answer calls about permits",
    ]
    services = ["bookkeeping", "bookkeeping", "customer_inquiries"]
    rows = pd.DataFrame({"text": texts, "service": services, "style": ["duty", "duty", "line"], "language": "en"})
    rows["category"] = [taxonomy.class_of(service) for service in services]
    return Dataset(rows.assign(file="rows.csv", line=[2, 3, 4]), taxonomy)


def test_a_run_of_six_words_in_two_rows_is_named_once(tiny):
    (finding,) = repeated_runs(tiny)
    assert (finding.line, finding.rule, finding.is_error) == (3, "repeated_run", False)
    assert "'reconcile the petty cash book of'" in finding.message
    assert "rows.csv:2" in finding.message


def test_figures_of_a_tiny_corpus(tiny):
    figures = describe(tiny)
    assert figures.styles.loc["finance_accounting", "duty"] == 2
    assert figures.repeated_share == pytest.approx(2 / 3)
    assert figures.vocabulary[-1] == (3, 16)  # nine words, three new ones, four new ones
    assert figures.deciding_share == 0.0


def test_words_that_decide_are_found(small_data):
    figures = describe(load_dataset(small_data))
    deciding = {word: name for word, name, _ in figures.deciding_words}
    assert deciding.get("payroll", "human_resources") == "human_resources"
    assert all(rows >= 10 for _, _, rows in figures.deciding_words)
    assert 0 < figures.deciding_share < 1


def test_planted_label_errors_are_suspected(small_data):
    """Sixty rows of patent work called payroll: most of them must be among the suspects."""
    dataset = load_dataset(small_data)
    rows = dataset.rows.copy()
    legal = rows.index[rows["category"] == "legal_services"][::3]
    rows.loc[legal, "category"] = "human_resources"
    suspects = label_suspects(Dataset(rows, dataset.taxonomy))
    places = {(finding.file, finding.line) for finding in suspects}
    planted = {(rows.loc[i, "file"], rows.loc[i, "line"]) for i in legal}
    assert len(places & planted) > 0.5 * len(planted)
    assert len(places) < 0.5 * len(rows)
    assert np.all([not finding.is_error for finding in suspects])
