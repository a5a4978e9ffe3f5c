import io
import json
import random
import sys
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from task_classifier import __version__
from task_classifier.errors import FaultError, ModelError
from task_classifier.store import find_model, list_models, load_model, promote, save_model, shipped

TEXT = "Reconcile supplier statements with the purchase ledger"


@pytest.fixture
def folder(saved_model, tmp_path):
    """A copy of the saved model to spoil."""
    copy = tmp_path / "model"
    copy.mkdir()
    for path in saved_model.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    return copy


def refused(folder):
    with pytest.raises(ModelError) as caught:
        load_model(folder)
    return caught.value


def sign(folder, **changes):
    """Rewrite the manifest so that it fits the files again: what an attacker who can write would do."""
    import hashlib

    from task_classifier.store import _version

    manifest = json.loads((folder / "manifest.json").read_text())
    for name in manifest["files"]:
        content = (folder / name).read_bytes()
        manifest["files"][name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
    manifest.update(changes)
    manifest["version"] = _version(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def rewrite_arrays(folder, **changes):
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        found = dict(arrays.items()) | changes
    np.savez(folder / "weights.npz", **found)
    sign(folder)


def test_a_saved_model_gives_the_same_answers_bit_for_bit(small_model, saved_model):
    loaded = load_model(saved_model)
    texts = [TEXT, "Draft a lease", "Resurface the road", "Kodierung", "!!"]
    assert np.array_equal(loaded.predict_proba(texts), small_model.predict_proba(texts))
    found = [answer.to_dict() | {"model_version": ""} for answer in loaded.classify(texts)]
    assert found == [answer.to_dict() | {"model_version": ""} for answer in small_model.classify(texts)]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_a_round_trip_changes_no_probability(text):
    from task_classifier.text import check

    try:
        check(text)
    except Exception:
        return
    first, second = test_a_round_trip_changes_no_probability.models
    assert np.array_equal(first.predict_proba([text]), second.predict_proba([text]))


@pytest.fixture(autouse=True, scope="module")
def _both_models(small_model, saved_model):
    test_a_round_trip_changes_no_probability.models = (small_model, load_model(saved_model))


def test_saving_twice_gives_the_same_bytes_and_version(small_model, saved_model, tmp_path):
    again = small_model.save(tmp_path / "again")
    for path in saved_model.iterdir():
        assert (again / path.name).read_bytes() == path.read_bytes(), path.name


def test_the_version_is_the_packages_and_a_digest(saved_model):
    assert load_model(saved_model).version.startswith(f"{__version__}-")


def test_an_existing_folder_is_never_overwritten(small_model, saved_model):
    with pytest.raises(ModelError) as caught:
        small_model.save(saved_model)
    assert caught.value.code == "model_exists"


def test_a_folder_of_models_gets_one_by_version_once(small_model, tmp_path):
    first = save_model(small_model, tmp_path)
    assert first.parent == tmp_path
    assert save_model(small_model, tmp_path) == first
    assert list_models(tmp_path) == [first]


def test_promote_names_the_current_model(small_model, tmp_path):
    folder = save_model(small_model, tmp_path)
    with pytest.raises(ModelError):
        find_model(tmp_path)
    promote(folder)
    assert find_model(tmp_path) == folder
    assert load_model(tmp_path).version == folder.name


def test_a_failed_save_leaves_nothing_behind(small_model, tmp_path, monkeypatch):
    def full_disk(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(FaultError, match="No space left"):
        small_model.save(tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["nowhere", "other/nowhere"])
def test_a_missing_model_is_named(tmp_path, name):
    with pytest.raises(ModelError) as caught:
        load_model(tmp_path / name)
    assert caught.value.code == "model_not_found"
    assert name in caught.value.message


def test_a_missing_version_and_a_dangling_pointer(tmp_path):
    with pytest.raises(ModelError):
        load_model("9.9.9-nothing")
    (tmp_path / "current").write_text("gone\n")
    with pytest.raises(ModelError, match="'gone'"):
        load_model(tmp_path)
    with pytest.raises(ModelError):
        list_models(tmp_path / "nowhere")


def test_a_shipped_model_is_found_by_version(shipped_model):
    assert load_model(shipped_model.version).version == shipped_model.version


def test_every_flipped_bit_is_refused_before_parsing(folder, monkeypatch):
    """Random bits in every file: the parsers must not even be called."""
    monkeypatch.setattr("task_classifier.store._parse", lambda *_: pytest.fail("a damaged file was parsed"))
    generator = random.Random(0)
    for path in sorted(folder.iterdir()):
        good = path.read_bytes()
        for _ in range(20 if good else 0):
            bad = bytearray(good)
            bad[generator.randrange(len(bad))] ^= 1 << generator.randrange(8)
            path.write_bytes(bad)
            assert refused(folder).code in ("model_tampered", "model_format"), path.name
        path.write_bytes(good)


@pytest.mark.parametrize("name", ["terms.txt", "weights.npz", "taxonomy.json", "examples.json", "words.txt"])
def test_a_missing_truncated_longer_or_linked_file_is_refused(folder, name, tmp_path):
    path, good = folder / name, (folder / name).read_bytes()
    path.write_bytes(good + b"x")
    assert refused(folder).code == "model_tampered"
    path.write_bytes(good[: len(good) // 2] if good else b"x")
    assert refused(folder).code == "model_tampered"
    path.unlink()
    assert name in refused(folder).message
    (tmp_path / "elsewhere").write_bytes(good)
    path.symlink_to(tmp_path / "elsewhere")
    assert "leads out" in refused(folder).message


def test_a_newer_format_is_named_with_both_versions(folder):
    sign(folder, format=99)
    error = refused(folder)
    assert error.code == "model_format"
    assert "99" in error.message
    assert "reads format 1" in error.message


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\x80\x04", b'{"files": 3}', b"[" * 100_000])
def test_a_manifest_that_is_none_is_refused(folder, content):
    (folder / "manifest.json").write_bytes(content)
    assert refused(folder).code in ("model_tampered", "model_format")


def test_a_pickle_under_the_right_name_is_never_unpickled(folder):
    """Even with a manifest that fits: an audit hook sees every attempt to unpickle."""
    seen = []

    def watch(event, _arguments):
        if event.startswith("pickle"):
            seen.append(event)

    sys.addaudithook(watch)
    buffer = io.BytesIO()
    np.savez(buffer, idf=np.array([print], dtype=object))
    for payload in (buffer.getvalue(), b"\x80\x04cos\nsystem\n."):
        (folder / "weights.npz").write_bytes(payload)
        sign(folder)
        assert refused(folder).code == "invalid_model"
    rewrite = {"idf": np.array([print] * 3, dtype=object)}
    np.savez(folder / "weights.npz", **rewrite)
    sign(folder)
    assert refused(folder).code == "invalid_model"
    assert seen == []


def test_object_arrays_among_all_the_right_names_are_refused(folder):
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        found = dict(arrays.items())
    np.savez(folder / "weights.npz", **(found | {"idf": np.array([None], dtype=object)}))
    sign(folder)
    assert refused(folder).code == "invalid_model"


def test_weights_that_unpack_to_too_much_are_refused(folder, monkeypatch):
    monkeypatch.setattr("task_classifier.store._MAX_ARRAYS", 1000)
    assert "unpacks to more" in refused(folder).message


def test_paths_within_the_archive_are_refused(folder):
    with zipfile.ZipFile(folder / "weights.npz", "a") as archive:
        archive.writestr("../evil.npy", b"x")
    sign(folder)
    assert refused(folder).code == "invalid_model"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda a: {"coef": np.full_like(a["coef"], np.nan)}, "NaN"),
        (lambda a: {"idf": a["idf"][:-1]}, "differ in number"),
        (lambda a: {"idf": a["idf"].astype("float64")}, "is float64"),
        (lambda a: {"coef": a["coef"][:, :3]}, "number of columns"),
        (lambda a: {"coef": a["coef"][:, ::-1].copy()}, "own example answers"),
        (lambda a: {"intercept": np.zeros_like(a["intercept"])}, "own example answers"),
    ],
)
def test_weights_that_do_not_fit_are_refused_though_signed(folder, change, says):
    with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
        changes = change(dict(arrays.items()))
    rewrite_arrays(folder, **changes)
    error = refused(folder)
    assert error.code == "invalid_model"
    assert says in error.message


def test_a_term_given_twice_is_refused(folder):
    terms = (folder / "terms.txt").read_text(encoding="utf-8").split("\n")
    (folder / "terms.txt").write_text("\n".join([terms[1], *terms[1:]]), encoding="utf-8")
    sign(folder)
    assert "twice" in refused(folder).message


@pytest.mark.parametrize("name", ["taxonomy.json", "examples.json"])
@pytest.mark.parametrize("content", ["{", "[]", "{}", '[{"text": 1}]', "[" * 100_000])
def test_signed_nonsense_is_refused(folder, name, content):
    (folder / name).write_text(content)
    sign(folder)
    assert refused(folder).code == "invalid_model"


def test_shipped_files_are_found_in_a_wheel_and_in_a_checkout(monkeypatch, tmp_path):
    assert (shipped("data/taxonomy.yaml")).is_file()
    (tmp_path / "shipped").mkdir()
    monkeypatch.setattr("task_classifier.store.__file__", str(tmp_path / "store.py"))
    assert shipped("models") == tmp_path / "shipped" / "models"
