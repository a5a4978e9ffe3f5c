"""The model card: what a model is for and not for, its data, figures and limits, written at every training."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

if TYPE_CHECKING:
    from task_classifier.evaluation import Evaluation
    from task_classifier.model import TaskModel


def render_card(model: TaskModel, evaluation: Evaluation) -> str:
    """Return the card of a model as Markdown; the evaluation is on texts it had not seen."""
    template = files("task_classifier").joinpath("card.md.j2").read_text(encoding="utf-8")
    # Markdown, not HTML, and nothing of a user's text in it: no escaping.
    card = Environment(autoescape=False, undefined=StrictUndefined, keep_trailing_newline=True)
    return card.from_string(template).render(
        model=model,
        training=model.training,
        held_out=model.training["held_out"],
        categories=evaluation.per_class("category"),
        styles=evaluation.by_source(),
    )
