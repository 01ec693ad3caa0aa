"""Measure personal memory on embedded speakers, and keep the figures as a run card that one command makes again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.memory_constants import MemoryConstants
from emoasst_core.datatypes import Modality
from emoasst_core.errors import ConfigError
from emoasst_core.evaluation.personal_curves import NUM_DRAWS, SHOT_COUNTS, Tick, cells, curves_of, everybody, person_results
from emoasst_core.evaluation.personal_methods import METHODS, Setting
from emoasst_core.evaluation.run_card import write_run_card
from emoasst_core.evaluation.speaker_set import SpeakerSet, read_speaker_set
from emoasst_core.profile import ProfileConfig

EVERYBODY: Final = "everybody"  # the people of all files, where there are several
LEAST_PEOPLE: Final = 4  # of a set of fewer nobody can be spared for the calibration; the profile's own is used then
CALIBRATION_CLIPS: Final = 50.0


def run_personal(
    files: Sequence[Path], out: Path, config: ProfileConfig, modality: Modality, shot_counts: Sequence[int] = SHOT_COUNTS,
    num_draws: int = NUM_DRAWS, tick: Tick = lambda: None,
) -> dict[str, Any]:  # fmt: skip
    """Curves of every file, by the constants of a profile.

    Every other person of a set (in order of names) is kept for the calibration of its encoder, and the rest are scored.

    Args:
        files: sets of embedded speakers, see `speaker_set`.
        out: folder of the run card.
        tick: called after each person and cell, see `num_ticks`.

    Returns:
        What the run card holds.

    Raises:
        ManifestError: a file cannot be read.
        ConfigError: the profile has no personal memory.
    """
    results: dict[str, Any] = {}
    parts = []
    constants = MemoryConstants.from_dict(config.memory.get("constants", {}))
    if modality not in constants.modalities:
        raise ConfigError(
            f"The profile {config.name} has no personal memory of the {modality.value}.", "Choose another --profile."
        )
    for path in files:
        people = read_speaker_set(path)
        calibrated, scored = split_people(people)
        setting = Setting(
            constants,
            config.alphas.get(modality.value, 0.0),
            config.beta,
            _calibration(calibrated, config, modality),
            modality,
        )
        parts.append(person_results(scored, setting, list(cells(shot_counts)), num_draws, tick=tick))
        results[people.name] = curves_of(parts[-1:])
    if len(parts) > 1:
        results[EVERYBODY] = curves_of(parts)
    card = {
        "run_id": out.name,
        "command": f"emoasst eval --personal {' '.join(path.name for path in files)} --modality {modality.value} "
        f"--shots {','.join(map(str, shot_counts))} --seeds {num_draws} --run {out.name}",
        "options": {"profile": config.name, "modality": modality.value, "draws": num_draws, "constants": constants.as_dict()},
        "personal": results,
    }
    write_run_card(out, card)
    (out / "personal_curves.md").write_text(curves_text(results) + "\n", encoding="utf-8")
    return card


def num_ticks(files: Sequence[Path], shot_counts: Sequence[int]) -> int:
    """How often `run_personal` ticks."""
    return sum(len(everybody([split_people(read_speaker_set(path))[1]])) for path in files) * len(list(cells(shot_counts)))


def split_people(people: SpeakerSet) -> tuple[SpeakerSet | None, SpeakerSet]:
    """Those an encoder is calibrated on, if there are enough, and those who are scored."""
    names = people.people()
    if len(names) < LEAST_PEOPLE:
        return None, people
    return _those(people, names[::2]), _those(people, names[1::2])


def curves_text(results: Mapping[str, Any]) -> str:
    """The curves as markdown: UAR with its gain over zero-shot and the worst tenth of people, in points."""
    lines: list[str] = []
    for name, scenarios in results.items():
        for scenario, by_count in scenarios.items():
            lines += [f"## {name}, {scenario} answers", "", "| K | people | " + " | ".join(METHODS) + " | wrong found |"]
            lines.append("|---" * (len(METHODS) + 3) + "|")
            for count, cell in by_count.items():
                texts = [_cell_text(cell["methods"][method]) for method in METHODS]
                wrong = cell["wrong answers"]
                found = f"recall {wrong['recall']}, precision {wrong['precision']}" if wrong["given"] else ""
                lines.append(f"| {count} | {cell['num_people']} | " + " | ".join(texts) + f" | {found} |")
            lines.append("")
    return "\n".join(lines)


def _cell_text(figures: Mapping[str, Any]) -> str:
    low, high = figures["uar_gain_interval"]
    return (
        f"{100 * figures['uar']:.1f} ({100 * figures['uar_gain']:+.1f}, {100 * low:+.1f} to {100 * high:+.1f}; "
        f"accuracy {100 * figures['accuracy_gain']:+.1f}; worst tenth {100 * figures['uar_worst_tenth']:+.1f})"
    )


def _calibration(people: SpeakerSet | None, config: ProfileConfig, modality: Modality) -> Calibration:
    if people is None:
        return Calibration.from_dict(config.calibration)
    return Calibration().fit(people.head.logits(people.embeddings), people.labels, [modality], CALIBRATION_CLIPS)


def _those(people: SpeakerSet, names: Sequence[str]) -> SpeakerSet:
    rows = np.isin(people.speakers, list(names))
    return replace(people, embeddings=people.embeddings[rows], labels=people.labels[rows], speakers=people.speakers[rows])
