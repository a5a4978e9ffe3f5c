import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import DATA, ROOT, read_csv, run_cli, write_csv

import task_classifier


def test_version():
    assert run_cli("--version").stdout == task_classifier.__version__ + "\n"


def test_help_is_cheap_to_show():
    """Help must not import what only the commands need."""
    code = (
        "import sys; sys.argv = ['task-classifier', '--help']\n"
        "from task_classifier.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'pandas', 'sklearn', 'yaml', 'rich.progress'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_classify_prints_a_table_with_the_answer():
    done = run_cli("classify", "Match supplier invoices to purchase orders")
    assert done.returncode == 0
    assert "BPO" in done.stdout
    assert "Accounts payable" in done.stdout


def test_classify_prints_json_lines_from_standard_input():
    done = run_cli("classify", "--json", stdin="Run payroll\n\nDraft a supply agreement\n")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["category"]["id"] for answer in answers] == ["human_resources", "legal_services"]
    assert answers[0]["model_version"]


def test_classify_explains_and_reads_sentences():
    text = "Process monthly payroll. Draft and negotiate supply agreements with vendors."
    answer = json.loads(run_cli("classify", "--json", "--explain", "--sentences", text).stdout)
    assert len(answer["sentences"]) == 2
    assert sum(answer["label_shares"].values()) == pytest.approx(1)
    assert answer["explanation"]["words"]
    shown = run_cli("classify", "--explain", "--sentences", text).stdout
    assert "Share of work: BPO" in shown
    assert "no word (baseline)" in shown


@pytest.mark.parametrize(
    ("arguments", "stdin", "code"),
    [
        (["classify", "  "], b"", "empty_text"),
        (["classify"], b"caf\xe9 work\n", "not_unicode"),
        (["classify", "x", "--model", "nowhere"], b"", "model_not_found"),
        (["score", "nowhere.csv", "-o", "out.csv"], b"", "file_not_found"),
        (["train", "--data", "nowhere"], b"", "taxonomy_not_found"),
        (["data", "check", "--data", "nowhere"], b"", "taxonomy_not_found"),
        (["evaluate", "nowhere.csv"], b"", "file_not_found"),
        (["models", "show", "nowhere"], b"", "model_not_found"),
        (["models", "list", "nowhere"], b"", "model_not_found"),
    ],
)
def test_a_users_mistake_is_a_message_with_a_code_and_status_2(tmp_path, arguments, stdin, code):
    done = run_cli(*arguments, stdin=stdin, cwd=tmp_path)
    assert done.returncode == 2
    assert f"[{code}]" in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_a_text_of_ten_megabytes_is_refused():
    done = run_cli("classify", stdin="work " * 2_000_000)
    assert done.returncode == 2
    assert "[text_too_long]" in done.stderr


@pytest.mark.parametrize("arguments", [["nonsense"], ["classify", "--nonsense"], ["score"]])
def test_unknown_arguments_have_status_2(arguments):
    assert run_cli(*arguments).returncode == 2


def test_score_writes_the_table_and_sums_up(tmp_path):
    source = write_csv(tmp_path / "in.csv", [["id", "text"], ["1", "Run payroll"], ["2", "Dig a trench"]])
    done = run_cli("score", str(source), "-o", str(tmp_path / "out.csv"))
    assert done.returncode == 0
    assert done.stdout == ""
    assert "2 rows written" in done.stderr
    assert [row["label"] for row in read_csv(tmp_path / "out.csv")] == ["BPO", ""]


def test_score_with_bad_rows_has_status_1_and_keeps_them(tmp_path):
    source = write_csv(tmp_path / "in.csv", [["text"], [" "], ["a", "b"]])
    done = run_cli("score", str(source), "-o", str(tmp_path / "out.csv"))
    assert done.returncode == 1
    assert "could not be classified" in done.stderr
    assert "out.csv.rejects.csv" in done.stderr


def test_score_refuses_an_existing_output_unless_told(tmp_path):
    source, target = write_csv(tmp_path / "in.csv", [["text"], ["Run payroll"]]), tmp_path / "out.csv"
    target.write_text("precious")
    refused = run_cli("score", str(source), "-o", str(target))
    assert refused.returncode == 2
    assert target.read_text() == "precious"
    assert run_cli("score", str(source), "-o", str(target), "--overwrite").returncode == 0


def test_score_names_the_columns_there_are(tmp_path):
    source = write_csv(tmp_path / "in.csv", [["id", "words"], ["1", "x"]])
    done = run_cli("score", str(source), "-o", str(tmp_path / "out.csv"), "--text-column", "text")
    assert done.returncode == 2
    assert "'id', 'words'" in done.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupted_run_leaves_no_output_and_says_so(tmp_path, number, status):
    source = write_csv(tmp_path / "in.csv", [["text"], *[["Run the payroll of the branch"]] * 300_000])
    command = [
        str(Path(sys.executable).with_name("task-classifier")),
        "score",
        str(source),
        "-o",
        str(tmp_path / "out.csv"),
    ]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    while len(list(tmp_path.iterdir())) < 2:  # until the temporary output is there: the run is in the middle
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    process.communicate(timeout=60)
    assert process.returncode == status
    assert list(tmp_path.iterdir()) == [source]


def test_a_reader_that_leaves_is_no_error():
    program = Path(sys.executable).with_name("task-classifier")
    command = f"yes 'Run payroll' | head -2000 | {program} classify --json | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60)
    assert json.loads(done.stdout)["label"] == "BPO"
    assert "Traceback" not in done.stderr


def test_train_evaluate_and_look_after_models(small_data, tmp_path):
    models = tmp_path / "models"
    done = run_cli("train", "--data", str(small_data), "--output", str(models))
    assert done.returncode == 0
    assert "outside_auc" in done.stdout
    (version,) = [path.name for path in models.iterdir() if path.is_dir()]
    assert run_cli("models", "list", str(models)).stdout == f"* {version}\n"
    assert "fingerprint" in run_cli("models", "show", str(models)).stdout
    assert run_cli("models", "verify", str(models)).stdout.startswith(version)
    assert run_cli("models", "promote", str(models / version)).stdout == f"{version} is now current\n"
    rows = write_csv(
        tmp_path / "rows.csv", [["text", "service"], ["Run payroll", "payroll"], ["Dig", "works_construction"]]
    )
    done = run_cli("evaluate", str(rows), "--model", str(models), "--report", str(tmp_path / "report"))
    assert done.returncode == 0
    assert "human_resources" in done.stdout
    assert (tmp_path / "report" / "report.html").exists()
    (models / version / "terms.txt").write_text("spoilt")
    spoilt = run_cli("models", "verify", str(models))
    assert spoilt.returncode == 2
    assert "[model_tampered]" in spoilt.stderr


def test_data_check_passes_on_the_shipped_data_and_fails_on_broken_data(tmp_path):
    assert run_cli("data", "check", "--data", str(DATA)).returncode == 0
    (tmp_path / "descriptions").mkdir()
    (tmp_path / "taxonomy.yaml").write_bytes((DATA / "taxonomy.yaml").read_bytes())
    write_csv(tmp_path / "descriptions" / "x.csv", [["id", "text", "service"], ["1", " ", "payroll"]])
    done = run_cli("data", "check", "--data", str(tmp_path))
    assert done.returncode == 2
    assert "descriptions/x.csv:2: blank_text" in done.stdout


def test_the_same_answers_whatever_the_locale_and_hash_seed():
    command = [str(Path(sys.executable).with_name("task-classifier")), "classify", "--json", "Buchführung and payroll"]
    outputs = {
        subprocess.run(command, capture_output=True, env=os.environ | extra).stdout
        for extra in ({"LC_ALL": "C"}, {"PYTHONHASHSEED": "1"}, {"PYTHONHASHSEED": "2", "TZ": "Asia/Tokyo"})
    }
    assert len(outputs) == 1


def test_the_examples_of_make_run_are_answered():
    done = run_cli("classify", stdin=(DATA / "examples.txt").read_bytes(), cwd=ROOT)
    assert done.returncode == 0
    assert (
        done.stdout.count("accepted") + done.stdout.count("needs_review") + done.stdout.count("outside_taxonomy") == 12
    )
