"""What the documentation says is what the program does."""

import json
import re

import pytest
from conftest import ROOT, run_cli

README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_answer_in_the_readme_is_the_programs():
    (command,) = re.findall(r"^\$ task-classifier (.*)$", README, re.MULTILINE)
    (shown,) = re.findall(r"^```json\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    arguments = re.fullmatch(r'(\w+) (--\w+) "(.*)"', command).groups()
    assert json.loads(run_cli(*arguments).stdout) == json.loads(shown)


def test_every_command_is_in_the_readme():
    listed = re.findall(r"^  (\w+) ", run_cli("--help").stdout.split("Commands:")[1], re.MULTILINE)
    assert listed
    for name in listed:
        assert f"`task-classifier {name}" in README


@pytest.mark.parametrize("target", re.findall(r"`make (\w+)`", README))
def test_every_make_target_in_the_readme_exists(target):
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


def test_every_linked_file_exists():
    for path in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / path).exists(), path


def test_the_changelog_names_the_version():
    import task_classifier

    assert f"## {task_classifier.__version__}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
