"""`emoasst eval`: how often a model is right on labelled clips, with the figures that keep it honest."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from emoasst_core.errors import ConfigError
from emoasst_core.evaluation.figures_file import require_file_writable, write_json
from emoasst_core.training.training_options import add_clip_options, add_data_options, add_head_options, add_tower_options

EXAMPLE: Final = """examples:
  emoasst eval --manifest clips.csv --modality face --json face.json
  emoasst eval --manifest clips.csv --modality fused --profile starter --cache family.sqlite --json fused.json
  emoasst eval --run runs/meld --protocol cache --modality face --shots 1,4,16 --seeds 10 --json cache.json
  emoasst eval --run runs/meld --protocol fused --split test --json fused.json
  emoasst eval --compare runs/a/predictions_dev_probe_face.csv runs/b/predictions_dev_probe_face.csv
  emoasst eval --compare-systems --data FOLDER --run runs/systems --split test --json systems.json
  emoasst eval --system mer-clip --profile runs/mer-clip --manifest clips.csv --modality fused --json fused.json
  emoasst eval --personal nemo_out.npz emodb_out.npz --modality voice --run runs/personal
  emoasst eval --ablations --run runs/tables --data MELD.Raw --split dev --json tables.json

With --manifest, a model profile is measured on a csv with the columns path and emotion, and maybe speaker, text, start_s, end_s
and context (a JSON list of up to two texts said before, oldest first). For words alone, text and emotion are enough. Pictures,
sound and video may be mixed; a face picture may be a tight crop. A row that cannot be read counts as wrong and
is listed under "errors". With --run, what `emoasst train` left in a folder is measured on a split of its own data; whatever has
to be chosen is chosen on dev, and test can be scored once per run, protocol and modality. --ablations trains without and with the
emotion prompts into the --run folder and fills in the paper's Tables 2 to 5. --compare asks whether two prediction files of the
same rows differ (McNemar). --compare-systems puts EmoAsst beside the four other systems: those that are not trained yet in the
--run folder are trained there first (small size, minutes each); FOLDER holds faces/, speech/ and meld/, or --data is a listing.
--personal draws how much one person's answers help: .npz files with embeddings (n, d), labels, speakers, text_weights (7, d) and
scale of people whom the encoder never met, and train_embeddings, train_labels, train_speakers of those it did; zero-shot, paper
cache, Tip-Adapter-F, personal memory and a probe, with unbalanced and partly wrong, with balanced, and with only neutral answers.
"""
MAX_ERRORS_SHOWN: Final = 3  # on the terminal; the file of figures lists all
PROTOCOLS: Final = ("probe", "zero-shot", "cache", "fused")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Describe the subcommand to the command line."""
    parser = subparsers.add_parser(
        "eval",
        help="measure a model on labelled clips",
        description="Scores a model on a csv of labelled clips, or a training run on its own data.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--manifest", type=Path, metavar="CSV", help="labelled clips for the model of a profile")
    parser.add_argument("--modality", choices=("face", "voice", "words", "fused"), help="what to read; fused: all there is")
    parser.add_argument("--profile", default="starter", metavar="NAME", help="model to use (default: starter)")
    parser.add_argument("--cache", type=Path, metavar="DB", help="database whose shots are used (default: none)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="where the figures go; needed with --manifest and with --run")
    parser.add_argument("--predictions", type=Path, metavar="CSV", help="with --manifest: also write every row's probabilities")
    parser.add_argument("--seed", type=int, default=0, help="of the bootstrap, or of the training (default: 0)")
    runs = parser.add_argument_group("training runs")
    runs.add_argument("--run", dest="run_folder", type=Path, metavar="RUN", help="--out folder of `emoasst train`")
    runs.add_argument("--protocol", choices=PROTOCOLS, help="how the run's embeddings become answers")
    runs.add_argument("--split", choices=("dev", "test"), default="dev", help="rows to score (default: dev)")
    runs.add_argument("--shots", type=_counts, default=(1, 2, 4, 8, 16), metavar="K,K,...", help="cache: shots per emotion")
    runs.add_argument("--seeds", type=int, default=10, metavar="N", help="cache: draws of the shots (default: 10)")
    runs.add_argument("--compare", type=Path, nargs=2, metavar="CSV", help="two prediction files of the same rows")
    runs.add_argument("--personal", type=Path, nargs="+", metavar="NPZ", help="embedded speakers: how much their answers help")
    runs.add_argument("--ablations", action="store_true", help="fill in the paper's tables, in the folder --run, for --data")
    runs.add_argument("--compare-systems", action="store_true", help="all five systems, in the folder --run, on --data")
    runs.add_argument("--training-seeds", type=_seeds, default=(0,), metavar="S,...", help="with --compare-systems (default: 0)")
    parser.add_argument("--system", metavar="NAME", help="with --manifest: the profile must be of this system")
    trained = parser.add_argument_group("with --ablations, as for `emoasst train`")
    for add_options in (add_data_options, add_tower_options, add_clip_options, add_head_options):
        add_options(trained)
    parser.set_defaults(run=run, refuse=parser.error)


def run(arguments: argparse.Namespace) -> int:
    """Measure what the options ask for and write the figures.

    Raises:
        EmoAsstError: the manifest, the model or the run cannot be used, or the shots belong to another model.
    """
    ways: dict[str, tuple[Callable[[argparse.Namespace], int], tuple[str, ...]]] = {
        "compare": (_compare, ()),
        "ablations": (_ablate, ("run_folder", "data")),
        "personal": (_measure_personal, ("run_folder", "modality")),
        "compare_systems": (_compare_systems, ("run_folder", "data")),
        "run_folder": (_score_run, ("protocol", "json")),
        "manifest": (_score_manifest, ("modality", "json")),
    }
    given = [way for way in ways if getattr(arguments, way)]
    if {"ablations", "compare_systems", "personal"} & set(given) and "run_folder" in given:
        given.remove("run_folder")
    if len(given) != 1:
        arguments.refuse("give --manifest with --modality, or --run with --protocol, or --ablations with --run, or --compare")
    measure, needed = ways[given[0]]
    if arguments.system:
        from emoasst_core.systems.opening import profile_of_system

        arguments.profile = profile_of_system(arguments.system, "" if arguments.profile == "starter" else arguments.profile)
    missing = [_option(name) for name in needed if getattr(arguments, name) is None]
    if missing:
        arguments.refuse(f"{_option(given[0])} needs {' and '.join(missing)}")
    for file in (arguments.json, arguments.predictions):
        if file is not None:
            require_file_writable(file)
    return measure(arguments)


def _option(name: str) -> str:
    return "--run" if name == "run_folder" else f"--{name}"


def _counts(text: str) -> tuple[int, ...]:
    counts = _seeds(text)
    if min(counts) < 1:
        raise argparse.ArgumentTypeError("shot counts must be 1 or more")
    return counts


def _seeds(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"whole numbers with commas between, such as 1,4,16, not {text!r}: invalid") from error


def _score_run(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from emoasst_core.evaluation.suite import run_protocol

    modalities = None if arguments.modality in (None, "fused") else [arguments.modality]
    figures = run_protocol(
        arguments.run_folder, arguments.protocol, modalities, arguments.split, arguments.shots, arguments.seeds
    )
    write_json(arguments.json, figures)
    Console(stderr=True, highlight=False).print(_run_line(figures), soft_wrap=True)
    return 0


def _run_line(figures: dict[str, Any]) -> str:
    shown = []
    for name in ("accuracy", "weighted_f1", "macro_f1", "uar"):
        low, high = figures["intervals"][name]
        shown.append(f"{name.replace('_', ' ')} {figures[name]:.3f} ({low:.3f} to {high:.3f})")
    majority = figures["majority"]["accuracy"]
    return f"{figures['n']} clips of {figures['split']}: {', '.join(shown)}; always the commonest {majority:.3f}"


def _ablate(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from emoasst_core.training.core_sharing import share_cores

    share_cores()
    from emoasst_core.evaluation.ablations import as_markdown
    from emoasst_core.training.training_session import ablate_from_arguments

    wanted = argparse.Namespace(**{**vars(arguments), "out": arguments.run_folder})
    tables = ablate_from_arguments(wanted, Console(stderr=True), arguments.split)
    if arguments.json:
        write_json(arguments.json, tables)
    print(as_markdown(tables))
    return 0


def _compare_systems(arguments: argparse.Namespace) -> int:
    from rich.console import Console

    from emoasst_core.training.core_sharing import share_cores

    share_cores()
    from emoasst_core.evaluation.compare_systems import as_markdown, compare_systems

    console = Console(stderr=True, highlight=False)
    comparison = compare_systems(
        arguments.data,
        arguments.run_folder,
        arguments.split,
        arguments.training_seeds,
        tell=lambda line: console.print(line, soft_wrap=True),
    )
    if arguments.json:
        write_json(arguments.json, comparison)
    print(as_markdown(comparison))
    return 0


def _measure_personal(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from emoasst_core.datatypes import Modality
    from emoasst_core.evaluation.personal_run import curves_text, num_ticks, run_personal
    from emoasst_core.profile import read_profile, resolve_profile

    if arguments.modality == "fused":
        arguments.refuse("--personal reads one modality: face, voice or words")
    config, modality = read_profile(resolve_profile(arguments.profile)), Modality(arguments.modality)
    files, out = arguments.personal, arguments.run_folder
    out.mkdir(parents=True, exist_ok=True)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("Answering for people", total=num_ticks(files, arguments.shots))
        card = run_personal(files, out, config, modality, arguments.shots, arguments.seeds, lambda: progress.advance(task))
    if arguments.json:
        write_json(arguments.json, card)
    print(curves_text(card["personal"]))
    return 0


def _compare(arguments: argparse.Namespace) -> int:
    from emoasst_core.evaluation.mcnemar import compare_predictions

    first, second = arguments.compare
    pair = compare_predictions(first, second)
    figures = {
        "first": first.name, "second": second.name,
        "only_first": pair.only_first, "only_second": pair.only_second, "p": pair.p_value,
    }  # fmt: skip
    if arguments.json:
        write_json(arguments.json, figures)
    print(f"Right only in the first: {pair.only_first}, only in the second: {pair.only_second}; McNemar p = {pair.p_value:.4f}")
    return 0


def _score_manifest(arguments: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from emoasst_core.config import AnalysisOptions
    from emoasst_core.evaluation.embedding_source import EmbeddingSource
    from emoasst_core.evaluation.manifest_run import read_eval_manifest, run_manifest
    from emoasst_core.session.pipeline_factory import find_detector, load_recogniser, read_shots

    console = Console(stderr=True, highlight=False)
    rows = read_eval_manifest(arguments.manifest)
    if arguments.cache is not None and not arguments.cache.exists():
        raise ConfigError(f"There is no database {arguments.cache}.", "Leave --cache out to measure without a family's shots.")
    recogniser = load_recogniser(arguments.profile)
    recogniser.use_shots(read_shots(arguments.cache, recogniser.encoder_hash))
    source = EmbeddingSource(recogniser, find_detector(AnalysisOptions()))
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("Reading clips", total=len(rows))
        figures, probs, _ = run_manifest(source, rows, arguments.modality, lambda: progress.advance(task))
    figures |= {"profile": arguments.profile, "encoder_hash": recogniser.encoder_hash, **_intervals(rows, probs, arguments.seed)}
    write_json(arguments.json, figures)
    if arguments.predictions:
        _write_predictions(arguments.predictions, rows, probs)
    console.print(_line(figures), soft_wrap=True)
    for note in _notes(figures, arguments.json):
        console.print(note, markup=False, soft_wrap=True)
    return 0


def _notes(figures: dict[str, Any], json_file: Path) -> list[str]:
    """What the figures alone would hide: rows that could not be read, or a manifest that holds nothing of the modality."""
    errors = figures["errors"]
    notes = [f"Row {error['row']}: {error['message']}" for error in errors[:MAX_ERRORS_SHOWN]]
    if len(errors) > MAX_ERRORS_SHOWN:
        notes.append(f"All {len(errors)} rows that could not be read are listed in {json_file}.")
    if not figures["coverage"]:
        notes.append(f"No row has anything to read as {figures['modality']}: all of them count as wrong. Check --modality.")
    return notes


def _intervals(rows: Any, probs: Any, seed: int) -> dict[str, Any]:
    import numpy as np

    from emoasst_core.evaluation.bootstrap import bootstrap_intervals

    labels = np.array([row.label for row in rows])
    predictions = np.where(np.isfinite(probs).all(1), np.nan_to_num(probs, nan=-1.0).argmax(1), -1)
    groups = [row.speaker or str(number) for number, row in enumerate(rows)]
    return {"interval_95": bootstrap_intervals(labels, predictions, groups, seed=seed), "seed": seed}


def _write_predictions(path: Path, rows: Any, probs: Any) -> None:
    import csv

    from emoasst_core.atomic_file import replacing
    from emoasst_core.emotions import EMOTIONS

    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as partial, open(partial, "w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["path", "emotion", "predicted", *EMOTIONS])
        for row, values in zip(rows, probs, strict=True):
            predicted = EMOTIONS[int(values.argmax())] if values[0] == values[0] else ""
            writer.writerow([row.clip.path, EMOTIONS[row.label], predicted, *(f"{value:.4f}" for value in values)])


def _line(figures: dict[str, Any]) -> str:
    low, high = figures["interval_95"]["accuracy"]
    return (
        f"{figures['n']} clips: accuracy {figures['accuracy']:.3f} ({low:.3f} to {high:.3f}), UAR {figures['uar']:.3f}, "
        f"macro F1 {figures['macro_f1']:.3f}, always the commonest {figures['majority_accuracy']:.3f}, "
        f"calibration error {figures['ece']:.3f}, covered {figures['coverage']:.0%}, errors {len(figures['errors'])}"
    )
