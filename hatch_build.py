"""Build hook: a wheel carries the current model and the taxonomy."""

from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ShippedFiles(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `task_classifier/shipped` to wheels; an editable install reads the checkout's own files."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Map the files of the checkout to their places in the wheel."""
        if version == "editable":
            return
        current = Path(self.root, "models", "current").read_text(encoding="utf-8").strip()
        for source in ("data/taxonomy.yaml", "models/current", f"models/{current}"):
            build_data["force_include"][source] = f"task_classifier/shipped/{source}"
