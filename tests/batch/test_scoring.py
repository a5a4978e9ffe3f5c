import pytest
from conftest import read_csv, write_csv

from task_classifier.batch.scoring import rejects_path, score_csv
from task_classifier.errors import TableError
from task_classifier.prediction import COLUMNS

ROWS = [
    ["id", "text", "note"],
    ["3", "Match supplier invoices to purchase orders", "=1+1"],
    ["1", "", ""],
    ["2", "Draft and negotiate supply agreements", "NA"],
]


def test_rows_columns_and_order_are_kept(small_model, tmp_path):
    source, target = write_csv(tmp_path / "in.csv", ROWS), tmp_path / "out.csv"
    summary = score_csv(small_model, source, target)
    rows = read_csv(target)
    assert list(rows[0]) == [*ROWS[0], *COLUMNS]
    assert [[row[name] for name in ROWS[0]] for row in rows] == ROWS[1:]
    assert [row["error"] for row in rows] == ["", "empty_text", ""]
    assert (summary.rows, summary.errors, summary.rejects) == (3, 1, 0)
    assert sum(summary.labels.values()) == 2


def test_batch_answers_equal_single_ones(small_model, tmp_path):
    source, target = write_csv(tmp_path / "in.csv", ROWS), tmp_path / "out.csv"
    score_csv(small_model, source, target)
    for row in read_csv(target):
        if row["text"]:
            answer = small_model.answer(row["text"]).to_columns()
            assert {name: row[name] for name in COLUMNS} == answer


def test_a_users_column_of_the_same_name_is_kept(small_model, tmp_path):
    source = write_csv(tmp_path / "in.csv", [["text", "label", "status"], ["Run payroll", "mine", "open"]])
    score_csv(small_model, source, tmp_path / "out.csv")
    (row,) = read_csv(tmp_path / "out.csv")
    assert (row["label"], row["status"]) == ("mine", "open")
    assert row["predicted_label"] in ("BPO", "KPO", "")
    assert row["predicted_status"]
    assert "label" not in list(row)[3:]


def test_rows_in_are_rows_out_and_rejects(small_model, tmp_path):
    source, target = tmp_path / "in.csv", tmp_path / "out.csv"
    source.write_bytes(b'text\nRun payroll\ncaf\xe9\nFile, index\n"open\nEnter data\n')
    summary = score_csv(small_model, source, target)
    assert (summary.rows, summary.rejects) == (2, 3)
    assert [row["line"] for row in read_csv(rejects_path(target))] == ["3", "4", "5"]
    source.write_text("text\nRun payroll\n")
    score_csv(small_model, source, target, overwrite=True)
    assert not rejects_path(target).exists()


def test_a_header_alone_gives_an_empty_table(small_model, tmp_path):
    source = write_csv(tmp_path / "in.csv", [["text"]])
    assert score_csv(small_model, source, tmp_path / "out.csv").rows == 0
    assert (tmp_path / "out.csv").read_text() == ",".join(["text", *COLUMNS]) + "\n"


def test_progress_reaches_the_end(small_model, tmp_path):
    calls = []
    source = write_csv(tmp_path / "in.csv", ROWS)
    score_csv(small_model, source, tmp_path / "out.csv", on_progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (source.stat().st_size,) * 2


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("in.csv", "output_is_input"),
        ("old.csv", "output_exists"),
        ("no/out.csv", "output_unwritable"),
        ("", "output_unwritable"),
    ],
)
def test_an_output_in_the_way_is_refused_before_anything_is_written(small_model, tmp_path, target, code):
    source = write_csv(tmp_path / "in.csv", ROWS)
    (tmp_path / "old.csv").write_text("old")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(TableError) as caught:
        score_csv(small_model, source, tmp_path / target)
    assert caught.value.code == code
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
