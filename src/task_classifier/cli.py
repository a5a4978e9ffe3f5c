"""The command line: arguments in, library calls, answers out. Imports are made where used, so that help is quick."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from task_classifier import __version__
from task_classifier.errors import TaskClassifierError

app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
data_app = typer.Typer(no_args_is_help=True, help="Look after labelled descriptions.", rich_markup_mode=None)
models_app = typer.Typer(no_args_is_help=True, help="List, show, verify and promote models.", rich_markup_mode=None)
app.add_typer(data_app, name="data")
app.add_typer(models_app, name="models")

Model = Annotated[
    str | None,
    typer.Option("--model", "-m", help="Model folder, or version of a shipped model.", show_default="the shipped one"),
]
DataFolder = Annotated[Path, typer.Option("--data", help="Folder with descriptions/ and taxonomy.yaml.")]


def main() -> None:
    """Run the command line; exits with 0, 1, 2, 3, 130 or 143 as README.md says."""
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, _stop)
    try:
        app()
    except TaskClassifierError as error:
        from task_classifier.console import show_error

        show_error(error.message, error.code)
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # The reader of our output left, as `head` does. Nothing is left to flush to.
        sys.stdout = None
        sys.exit(141)
    except MemoryError:
        from task_classifier.console import show_error

        show_error("Out of memory; score the input in smaller files.", "out_of_memory")
        sys.exit(3)


def _stop(*_: object) -> None:
    """End the run so that half-written files are removed."""
    # Python drops an exception that rises within a callback from C: raise again each second until one gets through.
    signal.setitimer(signal.ITIMER_REAL, 1.0)
    sys.exit(143)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Is a description of work BPO or KPO, how sure, and which service lies nearest?"""


@app.command()
def classify(
    texts: Annotated[list[str] | None, typer.Argument(help="Texts; without any, each line of standard input.")] = None,
    model: Model = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="The words that spoke for and against.")] = False,
    sentences: Annotated[bool, typer.Option("--sentences", help="Each sentence, and the share of each label.")] = False,
) -> None:
    """Classify texts given as arguments or as lines of standard input."""
    from task_classifier.store import load_model

    loaded = load_model(model)
    if json:
        for text in texts or _input_lines():
            _print_json(loaded, text, explain, sentences)
    else:
        _print_tables(loaded, list(texts or _input_lines()), explain, sentences)


@app.command()
def score(
    source: Annotated[Path, typer.Argument(metavar="IN", help="CSV file in UTF-8.")],
    target: Annotated[Path, typer.Option("--output", "-o", metavar="OUT", help="CSV file to write.")],
    text_column: Annotated[
        str | None, typer.Option(help="Column to classify.", show_default="text or description")
    ] = None,
    model: Model = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing output.")] = False,
) -> None:
    """Score a table: the same rows in the same order with the answers' columns added."""
    from task_classifier.batch.scoring import score_csv
    from task_classifier.console import progress, show_summary
    from task_classifier.store import load_model

    with progress("Scoring") as update:
        summary = score_csv(load_model(model), source, target, text_column, overwrite, update)
    show_summary(summary, str(target))
    if summary.errors or summary.rejects:
        raise typer.Exit(1)


@app.command()
def train(
    data: DataFolder = Path("data"),
    output: Annotated[Path, typer.Option(help="Folder of models; the new one becomes its current.")] = Path("models"),
) -> None:
    """Train a model on labelled descriptions and save it under its version."""
    from task_classifier.console import err, show_mapping
    from task_classifier.training import train_and_save

    with err.status("Training; some minutes"):
        folder, figures = train_and_save(data, output)
    show_mapping({"held-out figures": figures})
    err.print(f"Saved as {folder}", markup=False, soft_wrap=True)


@app.command()
def evaluate(
    paths: Annotated[list[Path], typer.Argument(metavar="FILE|DIR...", help="CSV files with right answers.")],
    model: Model = None,
    report: Annotated[Path | None, typer.Option(help="Folder for report.html with plots.")] = None,
) -> None:
    """Measure a model on labelled texts: per label, category, source and confidence band."""
    from task_classifier.console import err, progress, show_evaluation
    from task_classifier.evaluation import evaluate as run
    from task_classifier.report import write_report
    from task_classifier.store import load_model

    with progress("Evaluating") as update:
        evaluation = run(load_model(model), paths, update)
    show_evaluation(evaluation)
    if report:
        err.print(f"Report: {write_report(evaluation, report)}", markup=False, soft_wrap=True)


@data_app.command("check")
def data_check(data: DataFolder = Path("data")) -> None:
    """Check labelled descriptions against the rules and measure them; exits with 2 when a row breaks a rule."""
    from task_classifier.console import err, show_corpus, show_findings
    from task_classifier.dataset import check_dataset

    with err.status("Checking rows"):
        findings = check_dataset(data)
    show_findings(findings)
    if any(finding.is_error for finding in findings):
        raise typer.Exit(2)
    from task_classifier.corpus import describe, label_suspects, repeated_runs
    from task_classifier.dataset import load_dataset

    with err.status("Measuring the corpus and looking for label errors"):
        dataset = load_dataset(data)
        warnings = repeated_runs(dataset) + label_suspects(dataset)
        figures = describe(dataset)
    show_findings(warnings)
    show_corpus(figures)


@models_app.command("list")
def models_list(
    folder: Annotated[Path | None, typer.Argument(help="Folder of models.", show_default="the shipped ones")] = None,
) -> None:
    """List the models of a folder; the current one is marked."""
    from task_classifier.store import find_model, list_models

    current = find_model(folder)
    for path in list_models(folder):
        typer.echo(f"{'*' if path == current else ' '} {path.name}")


@models_app.command("show")
def models_show(model: Annotated[str | None, typer.Argument(show_default="the shipped one")] = None) -> None:
    """Show a model's manifest: data, settings, thresholds, figures, files."""
    from task_classifier.console import show_mapping
    from task_classifier.store import find_model, read_folder

    show_mapping(read_folder(find_model(model))[0])


@models_app.command("verify")
def models_verify(
    model: Annotated[str | None, typer.Argument(show_default="the shipped one")] = None,
) -> None:
    """Check a model's files against its manifest and its answers against the stored ones."""
    from task_classifier.store import load_model

    loaded = load_model(model)
    typer.echo(f"{loaded.version}: files and {len(loaded.examples)} example answers are as they should be")


@models_app.command("promote")
def models_promote(model: Annotated[Path, typer.Argument(help="Model folder.")]) -> None:
    """Verify a model and make it the current one of the folder it lies in."""
    from task_classifier.store import load_model, promote

    load_model(model)
    promote(model)
    typer.echo(f"{model.name} is now current")


def _input_lines() -> Iterator[str]:
    if sys.stdin.isatty():
        typer.echo("Reading texts from standard input, one a line; end with Ctrl-D.", err=True)
    # Bytes that are not UTF-8 become lone surrogates, which the library refuses by name.
    sys.stdin.reconfigure(encoding="utf-8", errors="surrogateescape")  # type: ignore[union-attr]
    return (line.rstrip("\r\n") for line in sys.stdin if line.strip())


def _print_json(model: Any, text: str, explain: bool, sentences: bool) -> None:
    import dataclasses
    from json import dumps

    answer = model.answer(text).to_dict()
    if explain:
        answer["explanation"] = dataclasses.asdict(model.explain(text))
    if sentences:
        answer["sentences"] = [dataclasses.asdict(part) for part in model.sentences(text)]
        answer["label_shares"] = model.label_shares(text)
    typer.echo(dumps(answer, ensure_ascii=False))


def _print_tables(model: Any, texts: list[str], explain: bool, sentences: bool) -> None:
    from task_classifier.console import show_explanation, show_predictions, show_sentences

    answers = model.classify(texts)
    if not (explain or sentences):
        show_predictions(list(zip(texts, answers, strict=True)))
        return
    for text, answer in zip(texts, answers, strict=True):
        show_predictions([(text, answer)])
        if sentences:
            show_sentences(model.sentences(text), model.label_shares(text))
        if explain:
            show_explanation(model.explain(text))
