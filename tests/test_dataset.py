import numpy as np
import pytest
from conftest import DATA, write_csv

from task_classifier.dataset import check_dataset, load_dataset, near_duplicate_groups
from task_classifier.errors import DataError

HEADER = ["id", "text", "service", "style", "language"]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "descriptions").mkdir()
    (tmp_path / "taxonomy.yaml").write_bytes((DATA / "taxonomy.yaml").read_bytes())
    return tmp_path


def write_rows(folder, *rows, header=HEADER):
    write_csv(folder / "descriptions" / "rows.csv", [header, *[list(row) for row in rows]])


def rules(folder):
    return [(finding.line, finding.rule) for finding in check_dataset(folder) if finding.is_error]


def test_the_projects_own_data_keeps_every_rule():
    assert [str(finding) for finding in check_dataset(DATA) if finding.is_error] == []


def test_a_good_row_is_loaded_with_its_category(folder):
    write_rows(
        folder, ["1", "Run the weekly payroll", "payroll", "duty", "en"], ["2", "Dig a pond", "outside", "", "en"]
    )
    dataset = load_dataset(folder)
    assert dataset.categories.tolist() == ["human_resources", "outside"]
    assert dataset.languages == ("en",)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        (["2", "   ", "payroll", "", "en"], "blank_text"),
        (["2", "\u200b", "payroll", "", "en"], "blank_text"),
        (["2", "Pay staff", "no_such_service", "", "en"], "unknown_service"),
        (["1", "Pay staff", "payroll", "", "en"], "duplicate_id"),
        (["2", "File the minutes", "payroll", "", "en"], "conflicting_label"),
        (["2", "FILE the  minutes!", "records_management", "", "en"], "duplicate_text"),
        (["2", "KPO - pay staff", "payroll", "", "en"], "label_word"),
    ],
)
def test_each_rule_names_file_line_and_rule(folder, row, rule):
    write_rows(folder, ["1", "File the minutes", "records_management", "", "en"], row)
    assert (3, rule) in rules(folder)
    with pytest.raises(DataError, match=rf"descriptions/rows.csv:3: {rule}: "):
        load_dataset(folder)


def test_lines_are_counted_in_the_file_not_in_rows(folder):
    write_rows(folder, ["1", "Two\nlines", "payroll", "", "en"], ["2", " ", "payroll", "", "en"])
    assert rules(folder) == [(4, "blank_text")]


def test_many_errors_are_cut(folder):
    write_rows(folder, *[[str(i), " ", "payroll", "", "en"] for i in range(15)])
    with pytest.raises(DataError, match="and 5 more"):
        load_dataset(folder)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"id,text\n", "are needed"),
        (b"id,text,service,service\n", "each once"),
        (b"id,text,service,colour\n", "allowed"),
        (b"id,text,service\n1,a\n", "2 fields"),
        (b'id,text,service\n1,"a"b,c\n', "broken quoting"),
        (b"id,text,service\n1,caf\xe9,payroll\n", "not UTF-8"),
    ],
)
def test_broken_files_are_named(folder, content, says):
    (folder / "descriptions" / "rows.csv").write_bytes(content)
    with pytest.raises(DataError, match=says):
        load_dataset(folder)


def test_a_folder_without_descriptions_is_refused(folder):
    with pytest.raises(DataError) as caught:
        load_dataset(folder)
    assert caught.value.code == "data_not_found"


def test_near_duplicates_are_reported_and_grouped(folder):
    text = "Reconcile the bank statements of all forty branches with the cash book every Monday morning"
    write_rows(
        folder,
        ["1", text, "bookkeeping", "", "en"],
        ["2", text.replace("Monday", "Tuesday"), "bookkeeping", "", "en"],
        ["3", "Answer calls about parking permits", "customer_inquiries", "", "en"],
    )
    (finding,) = check_dataset(folder)
    assert (finding.line, finding.rule, finding.is_error) == (3, "near_duplicate", False)
    first, second, third = load_dataset(folder).groups
    assert first == second != third


def test_texts_without_words_are_groups_of_their_own():
    assert len(set(near_duplicate_groups(["!!!", "???"]))) == 2


def test_no_group_spans_train_and_test(small_data):
    dataset = load_dataset(small_data)
    tested = []
    for train, test in dataset.split(3):
        assert not set(dataset.groups[train]) & set(dataset.groups[test])
        tested += test.tolist()
    assert sorted(tested) == list(range(len(dataset.rows)))


def test_the_fingerprint_follows_texts_and_services_only(folder):
    rows = [["1", "Run payroll", "payroll", "duty", "en"], ["2", "Dig a pond", "outside", "", "en"]]
    write_rows(folder, *rows)
    before = load_dataset(folder).fingerprint
    write_rows(folder, *[["9" + row[0], *row[1:]] for row in reversed(rows)])
    assert load_dataset(folder).fingerprint == before
    write_rows(folder, rows[0], ["2", "Dig a pond", "payroll", "", "en"])
    assert load_dataset(folder).fingerprint != before


def test_services_line_up_with_categories(small_data):
    dataset = load_dataset(small_data)
    found = [dataset.taxonomy.class_of(service) for service in dataset.services]
    assert np.array_equal(found, dataset.categories)
