"""task-classifier: is a description of work BPO or KPO, how sure, and which service lies nearest.

>>> from task_classifier import load_model
>>> load_model().classify(["Match supplier invoices to purchase orders"])[0].label
'BPO'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from task_classifier.classifier import TaskClassifier
    from task_classifier.model import TaskModel
    from task_classifier.store import load_model

__version__ = "0.1.0"
__all__ = ["TaskClassifier", "TaskModel", "__version__", "load_model"]

_HOMES = {
    "TaskClassifier": "task_classifier.classifier",
    "TaskModel": "task_classifier.model",
    "load_model": "task_classifier.store",
}


def __getattr__(name: str) -> Any:
    # Imported on first use: classifying needs no scikit-learn, and its import takes two seconds.
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
