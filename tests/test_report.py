import pytest
from test_evaluation import rows as rows  # the fixture

from task_classifier.errors import TableError
from task_classifier.evaluation import Evaluation
from task_classifier.report import write_report


def test_the_report_is_one_file_that_escapes_texts(rows, taxonomy, tmp_path):
    wrong = rows.assign(text="<script>alert(1)</script>")
    page = write_report(Evaluation(wrong, taxonomy, "1.0-abc"), tmp_path / "report").read_text(encoding="utf-8")
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert page.count("<svg") == 4
    assert "src=" not in page
    assert "<link" not in page
    assert page == write_report(Evaluation(wrong, taxonomy, "1.0-abc"), tmp_path / "again").read_text(encoding="utf-8")


def test_the_report_stands_rows_of_one_kind_only(rows, taxonomy, tmp_path):
    for part in (rows[rows["label"] == "OUT"], rows[rows["label"] == "KPO"]):
        assert write_report(Evaluation(part, taxonomy, "1"), tmp_path).exists()


def test_a_folder_that_cannot_be_made_is_named(rows, taxonomy, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(TableError) as caught:
        write_report(Evaluation(rows, taxonomy, "1"), tmp_path / "file" / "report")
    assert caught.value.code == "output_unwritable"
