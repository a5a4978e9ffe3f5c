import csv
import random

import pytest
from conftest import read_csv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from task_classifier.errors import FaultError, TableError
from task_classifier.tables import csv_table
from task_classifier.tables.csv_table import CsvReader, Reject, whole_file, write_rejects


def read(path):
    with CsvReader(path) as reader:
        return reader.header, list(reader)


def fields(path):
    return [item.fields if not isinstance(item, Reject) else None for item in read(path)[1]]


@pytest.fixture
def table(tmp_path):
    def write(content: bytes):
        path = tmp_path / "in.csv"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize(
    "content",
    [b"id,text\n1,a\n2,b\n", b"\xef\xbb\xbfid,text\r\n1,a\r\n2,b\r\n", b"id,text\n\n1,a\n\n2,b"],
    ids=["plain", "BOM and CRLF", "blank lines and no last newline"],
)
def test_usual_files(table, content):
    header, rows = read(table(content))
    assert header == ["id", "text"]
    assert [row.fields for row in rows] == [["1", "a"], ["2", "b"]]


def test_quoted_fields_keep_line_breaks_quotes_and_commas(table):
    path = table(b'id,text\n1,"a ""b"", c\nd"\n2,NA\n3,\n')
    assert fields(path) == [["1", 'a "b", c\nd'], ["2", "NA"], ["3", ""]]


def test_a_long_field_is_read_whole(table):
    assert fields(table(b"id,text\n1," + b"x" * 500_000 + b"\n"))[0][1] == "x" * 500_000


@pytest.mark.parametrize(
    ("content", "place", "reason"),
    [
        (b"id,text\n1,a\n2,b,c\n3,d\n", (3, 12), "3 fields where the header has 2"),
        (b"id,text\n1,a\n2\n3,d\n", (3, 12), "1 fields"),
        (b"id,text\n1,a\n2,caf\xe9\n3,d\n", (3, 12), "byte 17 is not UTF-8"),
        (b'id,text\n1,a\n2,"b"c\n3,d\n', (3, 12), "broken quoting or line end"),
        (b'id,text\n1,a\n2,"b\n3,d\n', (3, 12), "broken quoting"),
        (b"id,text\n1,a\n3,d\n2,b\rx\n", (4, 16), "line end"),
    ],
)
def test_a_broken_record_costs_only_itself_and_is_placed(table, content, place, reason):
    items = read(table(content))[1]
    rejects = [item for item in items if isinstance(item, Reject)]
    assert [item.fields for item in items if not isinstance(item, Reject)] == [["1", "a"], ["3", "d"]]
    assert [(reject.record.line, reject.record.offset) for reject in rejects] == [place]
    assert reason in rejects[0].reason


def test_lines_are_counted_through_records_of_several_lines(table):
    items = read(table(b'id,text\n1,"a\nb\nc"\n2\n'))[1]
    assert items[1].record.line == 5


def test_a_record_beyond_the_limit_is_rejected_and_reading_goes_on(table, monkeypatch):
    monkeypatch.setattr(csv_table, "MAX_RECORD_BYTES", 100)
    path = table(b"id,text\n1," + b"x" * 97 + b"\n2,b\n")
    assert fields(path)[-1] == ["2", "b"]
    assert fields(path)[0] is None


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(seed=st.integers(0, 10**9))
def test_every_byte_of_a_damaged_file_is_in_a_row_or_a_reject(table, seed):
    """Against an independent count: the records' bytes are the file's, blank lines apart."""
    generator = random.Random(seed)
    lines = [b"id,text"] + [f'{i},"text {i}, ""quoted"""'.encode() for i in range(12)]
    content = bytearray(b"\n".join(lines) + b"\n")
    for _ in range(generator.randrange(1, 6)):
        content[generator.randrange(8, len(content))] = generator.choice(b'",\n\r\xffab\x00')
    path = table(bytes(content))
    handle = path.open("rb")
    with handle:
        records = list(csv_table._records(handle, 0))
    joined = b"".join(record.content for record in records)
    assert joined.replace(b"\n", b"").replace(b"\r", b"") == bytes(content).replace(b"\n", b"").replace(b"\r", b"")
    assert len(read(path)[1]) == len(records) - 1
    for record in records:
        assert bytes(content)[record.offset : record.offset + len(record.content)] == record.content
        assert record.line == 1 + bytes(content)[: record.offset].count(b"\n")


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_table"),
        (b"\n\n", "empty_table"),
        ("id,text\n".encode("utf-16"), "wrong_encoding"),
        (b"caf\xe9,text\n", "wrong_encoding"),
        (b"PK\x03\x04....", "wrong_format"),
        (b"\x1f\x8b....", "wrong_format"),
        (b"text,text\n", "duplicate_column"),
    ],
)
def test_what_is_no_table_is_refused(table, content, code):
    with pytest.raises(TableError) as caught:
        CsvReader(table(content))
    assert caught.value.code == code


def test_missing_files_and_folders_are_refused(tmp_path):
    for path in (tmp_path / "nothing.csv", tmp_path):
        with pytest.raises(TableError) as caught:
            CsvReader(path)
        assert caught.value.code == "file_not_found"


def test_the_text_column(table):
    with CsvReader(table(b"id,Description ,note\n")) as reader:
        assert reader.column(None) == 1
        assert reader.column("note") == 2
        with pytest.raises(TableError, match="'id', 'Description ', 'note'"):
            reader.column("text")
    with CsvReader(table(b"text,description\n")) as reader, pytest.raises(TableError, match="--text-column"):
        reader.column(None)


def test_a_file_appears_only_when_it_is_whole(tmp_path):
    path = tmp_path / "out.csv"

    def interrupted():
        with whole_file(path) as handle:
            handle.write("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []
    with whole_file(path) as handle:
        handle.write("all")
    assert path.read_text() == "all"


def test_a_full_disk_is_a_fault_and_leaves_nothing(tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(FaultError, match="No space left"), whole_file(tmp_path / "out.csv") as handle:
        handle.write("x")
    assert list(tmp_path.iterdir()) == []


def test_an_output_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(TableError, match="cannot be written"), whole_file(tmp_path / "no" / "out.csv"):
        pass


def test_rejects_keep_their_bytes(table, tmp_path):
    rejects = read(table(b"id,text\n1,caf\xe9\n"))[1]
    write_rejects(tmp_path / "rejects.csv", rejects)
    assert read_csv(tmp_path / "rejects.csv") == [
        {"line": "2", "byte_offset": "8", "reason": "byte 13 is not UTF-8", "content": "1,caf\\xe9"}
    ]


def test_the_field_limit_is_raised():
    assert csv.field_size_limit() >= csv_table.MAX_RECORD_BYTES
