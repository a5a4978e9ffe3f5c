"""How fast the compiled model scores, as a ratio to its scikit-learn pipeline in the same run.

Run ``make bench``. Both sides answer the same texts: the project's own descriptions, drawn in a seeded order.
"""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from task_classifier.compilation import compile_model
from task_classifier.dataset import load_dataset
from task_classifier.training import default_classifier

DATA = Path(__file__).parents[1] / "data"
BATCH = 5_000
ROUNDS = 5
SINGLES = 300


def main() -> None:
    """Fit once, time both ways in turn and print medians and ratios."""
    dataset = load_dataset(DATA)
    classifier = default_classifier(DATA).set_params(calibration_folds=2)
    classifier.fit(dataset.texts, dataset.categories, services=dataset.services)
    model = compile_model(classifier, dataset.taxonomy)
    short = [text for text in dataset.texts if len(text) < 400]
    long = [text for text in dataset.texts if len(text) >= 400]
    generator = random.Random(0)
    print(f"{'work':34s}{'scikit-learn':>16s}{'model':>16s}{'ratio':>8s}")
    for name, pool, size in (("short texts", short, BATCH), ("long texts", long, BATCH // 20)):
        texts = generator.choices(pool, k=size)
        peer, ours = _in_turn(lambda t=texts: classifier.predict_proba(t), lambda t=texts: model.predict_proba(t))
        _show(f"{size} {name}", peer / size, ours / size)
    texts = generator.choices(short, k=SINGLES)
    peer, ours = _in_turn(
        lambda: [classifier.predict_proba([text]) for text in texts],
        lambda: [model.predict_proba([text]) for text in texts],
    )
    _show("one short text at a time", peer / SINGLES, ours / SINGLES)


def _in_turn(peer: Callable[[], object], ours: Callable[[], object]) -> tuple[float, float]:
    """Return the median seconds of each, run A B A B so that a slow moment hits both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS):
        for work, seconds in zip((peer, ours), times, strict=True):
            start = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - start)
    return statistics.median(times[0]), statistics.median(times[1])


def _show(name: str, peer: float, ours: float) -> None:
    print(f"{name:34s}{peer * 1e6:13.0f} us{ours * 1e6:13.0f} us{peer / ours:8.2f}")


if __name__ == "__main__":
    main()
