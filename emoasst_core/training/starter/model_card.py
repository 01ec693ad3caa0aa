"""The starter's model card, written from what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from emoasst_core.emotions import EMOTIONS

TEMPLATE = Path(__file__).with_name("model_card_template.md")
HELD_OUT_ROWS = ("faces, clear majority", "faces, all", "voices", "words")
STRANGER_ROWS = ("voices, four folds", "voices, EMO-DB as a new collection")
HISTORY_FILE = "history.txt"  # what a person must know of how these very weights came about
UNBROKEN = "These weights come from one run of that command."


def write_card(folder: Path, figures: dict[str, Any], constants: dict[str, Any], version: str, seed: int) -> None:
    """Write model_card.md."""
    lines = []
    for name in (*HELD_OUT_ROWS, *(row for row in STRANGER_ROWS if row in figures)):
        lines.append(_row(name, figures[name]))
    lines += ["", "Recall per emotion:", "", "| held out | " + " | ".join(EMOTIONS) + " |", "|---" * (len(EMOTIONS) + 1) + "|"]
    for name in ("faces, clear majority", "voices", "words", *(row for row in STRANGER_ROWS[:1] if row in figures)):
        recalls = (f"{figures[name]['per_class'][emotion]['recall']:.2f}" for emotion in EMOTIONS)
        lines.append(f"| {name} | " + " | ".join(recalls) + " |")
    for part in (
        _slices(figures["slices"]),
        _voice_slices(figures["voice_slices"]),
        _sharpness(figures["voice_sharpness"], figures["voice_clips_to_judge"]),
        _neutral(figures["neutral_clips"]),
        _pairs(figures["pairs"]),
        _shots(figures["shots"], constants),
        _gates(figures["gates"], constants),
    ):
        lines += ["", *part]
    history = (folder / HISTORY_FILE).read_text("utf-8").strip() if (folder / HISTORY_FILE).exists() else UNBROKEN
    text = TEMPLATE.read_text("utf-8").format(
        version=version,
        seed=seed,
        history=history,
        num_disgust=figures["faces, clear majority"]["per_class"]["disgust"]["support"],
        never_clear=_never_clear(figures["gates"]),
        rare_share=constants["rare_share"],
        figures="\n".join(lines),
    )
    (folder / "model_card.md").write_text(text, "utf-8")


def _row(name: str, values: dict[str, Any]) -> str:
    def with_interval(key: str) -> str:
        low, high = values["interval_95"][key]
        return f"{values[key]:.3f} ({low:.3f}-{high:.3f})"

    cells = [with_interval(key) for key in ("accuracy", "uar", "macro_f1", "weighted_f1")]
    return f"| {name} | {values['n']} | {' | '.join(cells)} | {values['majority_accuracy']:.3f} | {_calibration(values)} |"


def _calibration(values: dict[str, Any]) -> str:
    return f"{values['ece']:.3f} ({values['ece_by_chance']:.3f})"


def _slices(slices: dict[str, Any]) -> list[str]:
    lines = [
        "The same faces as other cameras and collections show them, each picture looked for by OpenCV's own detector and read as",
        "`emoasst eval` does (drawn from the clear majority of FER+ valid, all of fear and disgust added; CK+ has no neutral):",
        "",
        "| slice | n | accuracy | UAR |",
        "|---|---|---|---|",
    ]
    for name, values in slices.items():
        if "skipped" in values:
            lines.append(f"| {name} | 0 | {values['skipped']} | |")
            continue
        cells = []
        for key in ("accuracy", "uar"):
            low, high = values["interval_95"][key]
            cells.append(f"{values[key]:.3f} ({low:.3f}-{high:.3f})")
        lines.append(f"| {name} | {values['n']} | {' | '.join(cells)} |")
    return lines


def _voice_slices(slices: dict[str, Any]) -> list[str]:
    cells = [f"{name} {values['uar']:.3f}" for name, values in slices.items()]
    count = next(iter(slices.values()))["n"]
    return [f"The same {count} held-out voices under other conditions, UAR of the voice alone: {', '.join(cells)}."]


def _sharpness(curves: dict[str, list[dict[str, float]]], by_clips: dict[str, float]) -> list[str]:
    header = [f"{row['power']:g}" for row in next(iter(curves.values()))]
    lines = [
        "Calibration error of the voice, probabilities as shipped (1) and raised to other powers (under 1 softer, over sharper).",
        "In brackets what the same number of clips would show in 95 of 100 cases at most, were every probability exactly right:",
        "",
        f"| raised to | {' | '.join(header)} |",
        "|---" * (len(header) + 1) + "|",
    ]
    for name, curve in curves.items():
        lines.append(f"| {name} | " + " | ".join(f"{row['ece']:.3f} ({row['by_chance_95']:.3f})" for row in curve) + " |")
    counts = ", ".join(f"{count} clips {error:.3f}" for count, error in by_clips.items())
    return [*lines, "", f'Exactly right probabilities like those of "voices" would show on average: {counts}.']


def _neutral(clips: dict[str, Any]) -> list[str]:
    shown = ", ".join(f"{count} x {name}" for name, count in sorted(clips["shown"].items()))
    return [
        f"Films of people who speak without expression ({clips['clips']} clips, {clips['seconds']} s; too little to say more): "
        f"shown were {shown}; CLEAR cues of a negative emotion: {clips['clear_negative']}."
    ]


def _never_clear(gates: dict[str, Any]) -> str:
    names = [name for name, precision in gates["class_precision"].items() if precision is None]
    return f"From a single picture the cue policy never calls {' or '.join(names)} CLEAR. " if names else ""


def _pairs(pairs: dict[str, Any]) -> list[str]:
    parts = ", ".join(
        f"{name} {pairs[name]['accuracy']:.3f} / {pairs[name]['uar']:.3f}" for name in ("face", "voice", "face+voice")
    )
    return [
        f"Synthetic pairs ({pairs['n']}: a held-out face with a held-out voice of the same emotion), accuracy / UAR: {parts}."
    ]


def _shots(shots: dict[str, Any], constants: dict[str, Any]) -> list[str]:
    cells = [f"{values['uar']:.3f} ± {values['sd']:.3f}" for values in shots.values()]
    return [
        f"The paper's cache (alpha {constants['alpha']}, beta {constants['beta']}) on strangers' voices, UAR by shots per class "
        f"(at most half of a speaker's clips of an emotion; {next(iter(shots.values()))['draws']} people and draws):",
        "",
        "| " + " | ".join(f"K = {count}" for count in shots) + " |",
        "|---" * len(shots) + "|",
        "| " + " | ".join(cells) + " |",
    ]


def _gates(gates: dict[str, Any], constants: dict[str, Any]) -> list[str]:
    per_class = ", ".join(
        f"{name} {value:.2f}" if value is not None else f"{name} never" for name, value in gates["class_precision"].items()
    )
    thresholds = ", ".join(f"{name} {value}" for name, value in constants["thresholds"].items())
    return [
        f"A CLEAR reading of a single held-out picture (all {gates['n']}, unclear ones included) agrees with most voters in "
        f"{gates['precision']:.1%}; {gates['coverage']:.1%} of pictures get one. By emotion: {per_class}. "
        f"Thresholds: {thresholds}.",
    ]
