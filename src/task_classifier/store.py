"""Model folders: save, verify, load and list. A folder is data only; nothing in it is ever unpickled.

A folder holds ``manifest.json`` and the files it names, each with size and SHA-256. The version ends in a digest
of the manifest, so a changed manifest no longer fits its own version. Every file is compared with its SHA-256
before any parser sees it, and the loaded model must reproduce the stored example answers.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from task_classifier import __version__
from task_classifier.decision import Thresholds
from task_classifier.errors import FaultError, ModelError, TaskClassifierError
from task_classifier.model import TaskModel
from task_classifier.scorer import LinearScorer, TermTable, WordTable
from task_classifier.taxonomy import Taxonomy

FORMAT = 1
"""Version of the folder's layout; a folder of another format is refused."""

TOLERANCE = 1e-9
"""Greatest difference of an example answer's probabilities."""

_MANIFEST = "manifest.json"
_PARTS = ("terms.txt", "words.txt", "weights.npz", "taxonomy.json", "examples.json")
_ARRAYS = {
    "idf": "float32",
    "coef": "float32",
    "word_coef": "float32",
    "word_weights": "float32",
    "intercept": "float64",
}
_MAX_MANIFEST = 1 << 20
_MAX_FILE = 1 << 28
_MAX_ARRAYS = 1 << 30


def shipped(name: str) -> Path:
    """Return the path of a file or folder that a wheel carries, or the checkout's own."""
    packaged = Path(__file__).parent / "shipped"
    root = packaged if packaged.is_dir() else Path(__file__).parents[2]
    return root / name


def load_model(source: str | Path | None = None) -> TaskModel:
    """Load a model.

    Parameters
    ----------
    source : str or Path, optional
        A model folder, a folder of model folders with a file ``current``, or the version of a shipped
        model. The shipped current model by default.

    Raises
    ------
    ModelError
        ``model_not_found``, ``model_format`` (another format), ``model_tampered`` (a file differs from
        the manifest) or ``invalid_model`` (structure or example answers are wrong).
    """
    folder = find_model(source)
    manifest, files = read_folder(folder)
    try:
        model = _parse(manifest, files)
        _check_examples(model, files["examples.json"])
    except (ValueError, TypeError, KeyError, IndexError, RecursionError, TaskClassifierError) as error:
        raise ModelError(f"The files of {folder} do not fit together: {error}", "invalid_model") from None
    return model


def find_model(source: str | Path | None = None) -> Path:
    """Return the model folder that a source, as `load_model` takes it, stands for."""
    models = shipped("models")
    folder = Path(source) if source is not None else models
    if source is not None and not folder.exists() and Path(source).name == str(source):
        folder = models / source
    if (folder / _MANIFEST).is_file():
        return folder
    pointer = folder / "current"
    if pointer.is_file():
        named = folder / pointer.read_text(encoding="utf-8").strip()
        if (named / _MANIFEST).is_file():
            return named
        raise ModelError(f"{pointer} names {named.name!r}, which is no model folder.", "model_not_found")
    raise ModelError(
        f"No model at {folder}: a model folder holds {_MANIFEST}. `task-classifier models list` shows "
        "the models there are; `task-classifier train` makes one.",
        "model_not_found",
    )


def list_models(folder: str | Path | None = None) -> list[Path]:
    """Return the model folders within a folder, by name; the shipped ones by default."""
    root = Path(folder) if folder is not None else shipped("models")
    if not root.is_dir():
        raise ModelError(f"No folder {root}.", "model_not_found")
    return sorted(path.parent for path in root.glob(f"*/{_MANIFEST}"))


def save_model(model: TaskModel, folder: str | Path, extra: Mapping[str, bytes] | None = None) -> Path:
    """Write a model to a new folder, which appears whole or not at all.

    Parameters
    ----------
    model : TaskModel
    folder : str or Path
        Must not exist. A path ending in ``/`` or an existing folder of models gets a new folder named by version.
    extra : mapping of str to bytes, optional
        Further files by relative path: model card, report.

    Returns
    -------
    Path
        The folder written.

    Raises
    ------
    ModelError
        ``model_exists``.
    FaultError
        ``write_failed`` when the disk refuses.
    """
    files = _serialise(model) | dict(extra or {})
    manifest = _manifest(model, files)
    target = Path(folder)
    if str(folder).endswith(("/", os.sep)) or (target.is_dir() and not (target / _MANIFEST).exists()):
        target = target / manifest["version"]
    if target.name == manifest["version"] and (target / _MANIFEST).is_file():
        return target  # the version is a digest of the content: it is the same model
    if target.exists():
        raise ModelError(f"{target} exists already; model folders are never overwritten.", "model_exists")
    files[_MANIFEST] = _json(manifest)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _write_atomically(target, files)
    except OSError as error:
        raise FaultError(f"{target} could not be written: {error.strerror}.", "write_failed") from error
    return target


def promote(folder: Path) -> None:
    """Make a model folder the current one of the folder it lies in, in one atomic step."""
    pointer = folder.parent / "current"
    with tempfile.NamedTemporaryFile("w", dir=folder.parent, delete=False, encoding="utf-8") as handle:
        handle.write(folder.name + "\n")
    Path(handle.name).chmod(0o644)
    Path(handle.name).replace(pointer)


def read_folder(folder: Path) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Read a model folder's manifest and files, comparing each with the manifest; nothing is parsed.

    Raises
    ------
    ModelError
        ``model_not_found``, ``model_format`` or ``model_tampered``.
    """
    manifest = _read_manifest(folder)
    listed = manifest["files"]
    missing = [name for name in _PARTS if name not in listed]
    if missing:
        raise ModelError(f"{folder} lacks {missing[0]} in its manifest.", "model_tampered")
    return manifest, {name: _read_checked(folder, name, entry) for name, entry in listed.items()}


def _read_manifest(folder: Path) -> dict[str, Any]:
    path = folder / _MANIFEST
    if not path.is_file():
        raise ModelError(f"{folder} is no model folder: it has no {_MANIFEST}.", "model_not_found")
    try:
        manifest = json.loads(_read_bytes(path, _MAX_MANIFEST))
    except (ValueError, RecursionError):
        raise ModelError(f"{path} is not JSON; restore the folder from its source.", "model_tampered") from None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise ModelError(f"{path} is not a model's manifest.", "model_tampered")
    if manifest.get("format") != FORMAT:
        raise ModelError(
            f"{folder} has format {manifest.get('format')!r}; this program (version {__version__}) reads "
            f"format {FORMAT}. Install the program that wrote the model, or train it again.",
            "model_format",
        )
    if manifest.get("version") != _version(manifest):
        raise ModelError(f"{path} was changed after it was written; restore it.", "model_tampered")
    return manifest


def _read_checked(folder: Path, name: str, entry: Any) -> bytes:
    path = folder / name
    if not path.resolve().is_relative_to(folder.resolve()) or path.is_symlink():
        raise ModelError(f"{path} leads out of the model folder.", "model_tampered")
    content = _read_bytes(path, _MAX_FILE)
    if not isinstance(entry, dict) or entry.get("sha256") != hashlib.sha256(content).hexdigest():
        raise ModelError(f"{path} differs from the manifest (SHA-256); restore the folder.", "model_tampered")
    return content


def _read_bytes(path: Path, limit: int) -> bytes:
    try:
        if path.stat().st_size > limit:
            raise ModelError(f"{path} is larger than {limit:,} bytes.", "model_tampered")
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}.", "model_tampered") from None


def _serialise(model: TaskModel) -> dict[str, bytes]:
    terms, words = model.scorer.terms, model.scorer.words
    buffer = io.BytesIO()
    arrays: dict[str, NDArray[Any]] = {
        "idf": terms.idf,
        "coef": terms.coef,
        "word_coef": words.coef,
        "word_weights": words.weights,
        "intercept": model.scorer.intercept,
    }
    np.savez(buffer, allow_pickle=False, **{name: array.astype(_ARRAYS[name]) for name, array in arrays.items()})
    return {
        "terms.txt": "\n".join(terms.terms).encode("utf-8"),
        "words.txt": "\n".join(words.words).encode("utf-8"),
        "weights.npz": buffer.getvalue(),
        "taxonomy.json": _json(model.taxonomy.to_dict()),
        "examples.json": _json(_example_answers(model)),
    }


def _example_answers(model: TaskModel) -> list[dict[str, Any]]:
    return [{"text": text, "probabilities": model.predict_proba([text])[0].tolist()} for text in model.examples]


def _manifest(model: TaskModel, files: Mapping[str, bytes]) -> dict[str, Any]:
    manifest = {
        "format": FORMAT,
        "package": __version__,
        "columns": list(model.columns),
        "languages": list(model.languages),
        "thresholds": model.thresholds.to_dict(),
        "training": dict(model.training),
        "files": {
            name: {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
            for name, content in sorted(files.items())
        },
    }
    return manifest | {"version": _version(manifest)}


def _version(manifest: Mapping[str, Any]) -> str:
    """Return the package's version and a digest of the manifest: the same content, the same version."""
    rest = {key: value for key, value in manifest.items() if key != "version"}
    return f"{manifest.get('package')}-{hashlib.sha256(_json(rest)).hexdigest()[:12]}"


def _parse(manifest: Mapping[str, Any], files: Mapping[str, bytes]) -> TaskModel:
    arrays = _parse_arrays(files["weights.npz"])
    terms = TermTable(_lines(files["terms.txt"]), arrays["idf"], arrays["coef"])
    words = WordTable(_lines(files["words.txt"]), arrays["word_coef"], arrays["word_weights"])
    return TaskModel(
        scorer=LinearScorer(terms, words, arrays["intercept"]),
        columns=tuple(manifest["columns"]),
        taxonomy=Taxonomy.from_dict(json.loads(files["taxonomy.json"])),
        thresholds=Thresholds(**manifest["thresholds"]),
        version=str(manifest["version"]),
        languages=tuple(manifest["languages"]),
        training=manifest["training"],
        examples=tuple(example["text"] for example in json.loads(files["examples.json"])),
    )


def _parse_arrays(content: bytes) -> dict[str, NDArray[Any]]:
    try:
        entries = zipfile.ZipFile(io.BytesIO(content)).infolist()
    except zipfile.BadZipFile:
        raise ModelError("weights.npz is no array file.", "invalid_model") from None
    if sorted(entry.filename for entry in entries) != sorted(f"{name}.npy" for name in _ARRAYS):
        raise ModelError(f"weights.npz must hold exactly {', '.join(_ARRAYS)}.", "invalid_model")
    if sum(entry.file_size for entry in entries) > _MAX_ARRAYS:
        raise ModelError(f"weights.npz unpacks to more than {_MAX_ARRAYS:,} bytes.", "invalid_model")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        found = {name: arrays[name] for name in _ARRAYS}
    for name, kind in _ARRAYS.items():
        if found[name].dtype != kind:
            raise ModelError(f"weights.npz: {name} is {found[name].dtype}, not {kind}.", "invalid_model")
    return found


def _check_examples(model: TaskModel, content: bytes) -> None:
    if not model.examples:
        raise ModelError("examples.json holds no answers to check.", "invalid_model")
    expected = np.array([example["probabilities"] for example in json.loads(content)], dtype=np.float64)
    for text, row in zip(model.examples, expected, strict=True):
        if not np.abs(model.predict_proba([text])[0] - row).max() <= TOLERANCE:
            raise ModelError(
                "The model does not give its own example answers; it was made by another version of the "
                "text rules. Train it again or install the package version its manifest names.",
                "invalid_model",
            )


def _write_atomically(target: Path, files: Mapping[str, bytes]) -> None:
    draft = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        for name, content in files.items():
            path = draft / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("wb") as handle:
                handle.write(content)
                handle.flush()
                os.fsync(handle.fileno())
        draft.chmod(0o755)
        draft.rename(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise


def _lines(content: bytes) -> list[str]:
    return content.decode("utf-8").split("\n") if content else []


def _json(tree: Any) -> bytes:
    return (json.dumps(tree, ensure_ascii=False, indent=1, sort_keys=True) + "\n").encode("utf-8")
