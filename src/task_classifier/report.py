"""The evaluation report: one HTML file with figures, tables and plots, readable without a network."""

from __future__ import annotations

import io
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from jinja2 import Environment, StrictUndefined

from task_classifier.errors import TableError
from task_classifier.prediction import ACCEPTED

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from task_classifier.evaluation import Evaluation

WORST_ROWS = 50
"""Wrong answers listed, the surest first."""

_INK, _BLUE, _ORANGE = "#333333", "#1f5fa8", "#c8561b"


def write_report(evaluation: Evaluation, folder: Path) -> Path:
    """Write the figures with plots as one HTML file and return its path.

    Raises
    ------
    TableError
        ``output_unwritable`` when the folder cannot be made or written.
    """
    path = folder / "report.html"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(render_report(evaluation), encoding="utf-8")
    except OSError as error:
        raise TableError(f"{path} cannot be written: {error.strerror}.", "output_unwritable") from None
    return path


def render_report(evaluation: Evaluation) -> str:
    """Return the report as HTML."""
    template = files("task_classifier").joinpath("report.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, undefined=StrictUndefined).from_string(template)
    return page.render(
        version=evaluation.model_version,
        rows=len(evaluation.rows),
        summary=evaluation.summary(),
        by_source=evaluation.by_source(),
        labels=evaluation.per_class("label"),
        categories=evaluation.per_class("category"),
        bands=evaluation.bands(),
        confusion=evaluation.confusion(),
        wrong=_wrong_rows(evaluation),
        plots={
            "Calibration": _svg(_plot_calibration, evaluation),
            "Coverage against precision": _svg(_plot_coverage, evaluation),
            "Outside score": _svg(_plot_outside, evaluation),
            "Confusion of categories": _svg(_plot_confusion, evaluation, size=(7.5, 6.2)),
        },
    )


def _wrong_rows(evaluation: Evaluation) -> list[dict[str, Any]]:
    rows = evaluation.rows
    inside = rows["category"] != ""
    wrong = (inside & (rows["category"] != rows["said_category"])) | (
        ~inside & (rows["status"] == ACCEPTED) & (rows["label"] != rows["said_label"])
    )
    worst = rows[wrong].sort_values("confidence", ascending=False, na_position="last").head(WORST_ROWS)
    return [{str(key): value for key, value in row.items()} for row in worst.to_dict("records")]


def _svg(draw: Any, evaluation: Evaluation, size: tuple[float, float] = (5.0, 4.0)) -> str:
    # Figure directly, not pyplot: no global state and no window system.
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context({"svg.hashsalt": "report", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=size, layout="constrained")
        draw(figure.add_subplot(), evaluation)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()[buffer.getvalue().index("<svg") :]


def _plot_calibration(axes: Axes, evaluation: Evaluation) -> None:
    bands = evaluation.bands().dropna()
    axes.plot([0, 1], [0, 1], color=_INK, linewidth=0.8, linestyle=":", label="perfect")
    axes.plot(bands["confidence"], bands["right"], "o-", color=_BLUE, label="measured")
    for confidence, right, texts in zip(bands["confidence"], bands["right"], bands["texts"], strict=True):
        axes.annotate(str(texts), (confidence, right), xytext=(6, -10), textcoords="offset points", color=_INK)
    axes.set(
        xlabel="confidence (number: texts in the band)",
        ylabel="share of labels right",
        xlim=(0, 1.05),
        ylim=(0, 1.05),
    )
    axes.legend(loc="upper left")


def _plot_coverage(axes: Axes, evaluation: Evaluation) -> None:
    curve = evaluation.coverage_curve()
    axes.plot(curve["coverage"], curve["precision"], color=_BLUE)
    now = evaluation.rows["status"] == ACCEPTED
    if now.any():
        right = (evaluation.rows["label"] == evaluation.rows["said_label"])[now].mean()
        covered = (evaluation.inside["status"] == ACCEPTED).mean()
        axes.plot([covered], [right], "o", color=_ORANGE, label="at the model's threshold")
        axes.legend(loc="lower left")
    axes.set(xlabel="coverage of in-scope texts", ylabel="precision of what is answered", xlim=(0, 1.02))


def _plot_outside(axes: Axes, evaluation: Evaluation) -> None:
    rows, edges = evaluation.rows, np.linspace(0, 1, 21).tolist()
    axes.hist(rows.loc[rows["category"] != "", "outside_score"], edges, alpha=0.7, color=_BLUE, label="in scope")
    axes.hist(rows.loc[rows["label"] == "OUT", "outside_score"], edges, alpha=0.7, color=_ORANGE, label="outside")
    axes.set(xlabel="outside score", ylabel="texts")
    axes.legend()


def _plot_confusion(axes: Axes, evaluation: Evaluation) -> None:
    table: pd.DataFrame = evaluation.confusion()
    shares = table.div(table.sum(axis=1).clip(lower=1), axis=0)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (i, j), count in np.ndenumerate(table.to_numpy()):
        if count:
            dark = shares.iat[i, j] > 0.5
            axes.text(j, i, str(count), ha="center", va="center", color="white" if dark else _INK)
    axes.set_xticks(range(len(table)), table.columns, rotation=40, ha="right")
    axes.set_yticks(range(len(table)), table.index)
    axes.set(xlabel="answered", ylabel="right")
