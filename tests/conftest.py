import csv
import subprocess
import sys
from pathlib import Path

import pytest

from task_classifier.classifier import TaskClassifier
from task_classifier.model import TaskModel
from task_classifier.store import load_model
from task_classifier.taxonomy import Taxonomy, read_taxonomy
from task_classifier.training import train

ROOT = Path(__file__).parents[1]
DATA = ROOT / "data"


def write_csv(path: Path, rows: list[list[str]]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as handle:
        csv.writer(handle, lineterminator="\n").writerows(rows)
    return path


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def run_cli(*arguments: str, stdin: str | bytes = b"", cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run the installed console script in a process of its own."""
    command = [str(Path(sys.executable).with_name("task-classifier")), *arguments]
    content = stdin.encode() if isinstance(stdin, str) else stdin
    done = subprocess.run(command, input=content, capture_output=True, cwd=cwd, timeout=300)
    return subprocess.CompletedProcess(command, done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.fixture(scope="session")
def taxonomy() -> Taxonomy:
    return read_taxonomy(DATA / "taxonomy.yaml")


@pytest.fixture(scope="session")
def small_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every tenth row of the project's own data, as a data folder of its own."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "descriptions").mkdir()
    (folder / "taxonomy.yaml").write_bytes((DATA / "taxonomy.yaml").read_bytes())
    for path in (DATA / "descriptions").glob("*.csv"):
        with path.open(newline="", encoding="utf-8") as handle:
            header, *rows = csv.reader(handle)
        write_csv(folder / "descriptions" / path.name, [header, *rows[::10]])
    return folder


@pytest.fixture(scope="session")
def small_model(small_data: Path) -> TaskModel:
    return train(small_data, TaskClassifier(calibration_folds=3))[0]


@pytest.fixture(scope="session")
def saved_model(small_model: TaskModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return small_model.save(tmp_path_factory.mktemp("saved") / "model")


@pytest.fixture(scope="session")
def shipped_model() -> TaskModel:
    return load_model()
