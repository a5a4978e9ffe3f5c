"""What people see in a terminal: data on standard output, progress and messages on standard error."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from task_classifier.prediction import ACCEPTED, OUTSIDE_TAXONOMY, Prediction

if TYPE_CHECKING:
    import pandas as pd

    from task_classifier.batch.scoring import Summary
    from task_classifier.corpus import CorpusFigures
    from task_classifier.dataset import Finding
    from task_classifier.evaluation import Evaluation
    from task_classifier.explanation import Explanation
    from task_classifier.model import SentenceReading

PROGRESS_DELAY = 2.0
"""Seconds before a progress bar appears."""

_STATUS_STYLES = {ACCEPTED: "green", OUTSIDE_TAXONOMY: "dim"}
_LABEL_STYLES = {"BPO": "cyan", "KPO": "magenta"}

PLAIN_WIDTH = 140
"""Columns of a table written to a file or pipe, which has no width of its own."""

out = Console(highlight=False, width=None if sys.stdout.isatty() else PLAIN_WIDTH)
err = Console(stderr=True, highlight=False)


def show_predictions(pairs: Sequence[tuple[str, Prediction]]) -> None:
    """Print a table of texts with their answers."""
    table = Table(
        _text_column("text"), "label", "confidence", "category", "service", "status", box=None, pad_edge=False
    )
    for text, answer in pairs:
        why = f" ({', '.join(answer.reasons)})" if answer.reasons and answer.reasons != (answer.status,) else ""
        table.add_row(
            _one_line(text),
            Text(answer.label or "–", _LABEL_STYLES.get(answer.label or "", "")),
            "–" if answer.confidence is None else f"{answer.confidence:.3f}",
            answer.category.name if answer.category else "–",
            answer.service.name if answer.service else "–",
            Text(answer.status + why, _STATUS_STYLES.get(answer.status, "yellow")),
        )
    out.print(table)


def show_explanation(explanation: Explanation) -> None:
    """Print the words for and against a category."""
    table = Table(
        "word",
        "part",
        box=None,
        pad_edge=False,
        title=f"Score of {explanation.category}",
        title_justify="left",
    )
    for word, part in explanation.words:
        table.add_row(Text(word), Text(f"{part:+.3f}", "green" if part > 0 else "red"))
    table.add_row("all other words", f"{explanation.rest:+.3f}")
    table.add_row("no word (baseline)", f"{explanation.baseline:+.3f}")
    table.add_row("score", f"{explanation.score:+.3f}")
    out.print(table)


def show_sentences(readings: Sequence[SentenceReading], shares: Mapping[str, float]) -> None:
    """Print each sentence with its own answer, and the share of each label."""
    table = Table(_text_column("sentence"), "label", "category", "outside", box=None, pad_edge=False)
    for reading in readings:
        label = Text(reading.label or "–", _LABEL_STYLES.get(reading.label or "", ""))
        table.add_row(_one_line(reading.text), label, reading.category or "–", f"{reading.outside_score:.3f}")
    out.print(table)
    out.print("Share of work: " + ", ".join(f"{label} {share:.0%}" for label, share in shares.items()))


def show_summary(summary: Summary, target: str) -> None:
    """Print what a scoring run did."""
    err.print(f"{summary.rows:,} rows written to {target}", markup=False, soft_wrap=True)
    for name, counts in (("label", summary.labels), ("status", summary.statuses)):
        shares = ", ".join(f"{key} {count:,}" for key, count in sorted(counts.items()))
        err.print(f"  {name}: {shares or 'none'}", markup=False)
    if summary.errors:
        err.print(f"  {summary.errors:,} rows could not be classified; see the column `error`.", style="yellow")
    if summary.rejects:
        err.print(
            f"  {summary.rejects:,} records could not be read; see {target}.rejects.csv", style="yellow", soft_wrap=True
        )


def show_evaluation(evaluation: Evaluation) -> None:
    """Print the figures of an evaluation."""
    show_figures(evaluation.summary(), "file")
    if evaluation.rows["source"].nunique() <= 20:
        show_figures(evaluation.by_source(), "source")
    show_frame(evaluation.per_class("label"))
    show_frame(evaluation.per_class("category"))
    show_frame(evaluation.bands())
    confusion = evaluation.confusion()
    show_frame(
        confusion.set_axis([_initials(name) for name in confusion.columns], axis=1).rename_axis("right \\ answered")
    )
    curve = evaluation.coverage_curve()
    picked = curve.iloc[[round(i * (len(curve) - 1) / 10) for i in range(1, 11)]] if len(curve) else curve
    show_frame(picked.set_index("coverage").rename_axis("coverage").reset_index().set_index("threshold"))


def show_figures(figures: Mapping[str, Mapping[str, float]], title: str) -> None:
    """Print rows of figures by name."""
    names = list(next(iter(figures.values()), {}))
    table = Table(title, *names, box=None, pad_edge=False)
    for key, values in figures.items():
        table.add_row(Text(key or "(none)"), *(_number(values[name]) for name in names))
    out.print(table, "")


def show_frame(frame: pd.DataFrame) -> None:
    """Print a data frame with its index."""
    table = Table(str(frame.index.name), *map(str, frame.columns), box=None, pad_edge=False)
    for row in frame.itertuples():
        table.add_row(*map(_number, row))
    out.print(table, "")


def show_findings(findings: Sequence[Finding]) -> None:
    """Print what is wrong with labelled descriptions, and how much of it by rule."""
    for finding in findings:
        out.print(str(finding), style="red" if finding.is_error else "yellow", markup=False, soft_wrap=True)
    counts = Counter((not finding.is_error, finding.rule) for finding in findings)
    for (is_warning, rule), count in sorted(counts.items()):
        out.print(f"{count} {'warnings' if is_warning else 'errors'}: {rule}")
    if not findings:
        out.print("no findings")


def show_corpus(figures: CorpusFigures) -> None:
    """Print the figures of a corpus."""
    show_frame(figures.styles.assign(all=figures.styles.sum(axis=1)))
    growth = ", ".join(f"{words:,} after {rows:,} rows" for rows, words in figures.vocabulary)
    out.print(f"different words: {growth}")
    out.print(f"rows that share six words in a row with another: {figures.repeated_share:.1%}")
    examples = ", ".join(f"{word} ({name}, {rows})" for word, name, rows in figures.deciding_words[:12])
    out.print(f"rows with a word that all but decides the class: {figures.deciding_share:.1%}; commonest: {examples}")


def show_mapping(values: Mapping[str, Any]) -> None:
    """Print names and values, one a line; nested mappings are indented."""
    for line in _lines(values):
        out.print(line, markup=False)


def show_error(message: str, code: str) -> None:
    """Print an error with its code."""
    err.print(f"[bold red]error[/] \\[{code}]: ", end="")
    err.print(message, markup=False, soft_wrap=True)


@contextmanager
def progress(title: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function to call with done and total; a bar appears when the work takes over two seconds."""
    from time import monotonic

    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    columns = (TextColumn(title), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
        task = bar.add_task(title, visible=False, total=None)
        start = last = monotonic()

        def update(done: int, total: int) -> None:
            nonlocal last
            if (now := monotonic()) - last > 0.1:
                last = now
                bar.update(task, completed=done, total=total, visible=now - start > PROGRESS_DELAY)

        yield update


def _lines(values: Mapping[str, Any], indent: str = "") -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "  ")
        else:
            yield f"{indent}{name}: {value}"


def _text_column(name: str) -> Column:
    return Column(name, no_wrap=True, overflow="ellipsis", min_width=24, max_width=48)


def _one_line(text: str) -> Text:
    return Text(" ".join(text[:200].split()))


def _number(value: Any) -> str:
    if isinstance(value, float):
        return "–" if value != value else f"{value:.3f}"
    return str(value)


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split("_")) if "_" in name else name[:3]
