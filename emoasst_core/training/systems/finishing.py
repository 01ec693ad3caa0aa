"""The last steps of every recipe: calibrate on dev, write the profile, measure on dev, write the run card."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import torch

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.errors import EmoAsstError
from emoasst_core.evaluation.run_card import write_run_card
from emoasst_core.evaluation.system_scores import SUBSETS, answer_examples, embed_example, score_answers, subset_logits
from emoasst_core.systems.opening import open_recogniser
from emoasst_core.systems.profile import SystemProfile
from emoasst_core.systems.system_recogniser import SystemRecogniser
from emoasst_core.training.recipes.run_folder import RUN_FILE, begin_run, environment
from emoasst_core.training.systems.examples import ExampleSet
from emoasst_core.training.trainer import EpochReport

CALIBRATION_PRIOR = 30.0  # clips; dev is small
CAREFUL_CUES = {"clear_prob": 0.8, "negative_prob": 0.9, "joy_prob": 0.7, "conflict_prob": 0.7}


@dataclass(frozen=True, slots=True)
class Training:
    """What is the same for every recipe.

    Attributes:
        out: folder of the run; it becomes a profile.
        size: "small" trains in minutes on two cores, "full" is the paper's.
        seed: of weights, order and dropout.
        folders: {"clip" | "text" | "speech" | "video": model folder}; what is not named starts from random weights.
        num_epochs: 0 takes the recipe's own.
        choices: options of the system itself, {name: value}.
        report: called after every epoch with the name of what is trained.
        started_s: processor time used up before.
    """

    out: Path
    size: Literal["small", "full"] = "small"
    seed: int = 0
    folders: dict[str, Path] = field(default_factory=dict)
    num_epochs: int = 0
    choices: dict[str, Any] = field(default_factory=dict)
    report: Any = None
    started_s: float = field(default_factory=time.process_time)

    def epochs(self, small: int, full: int) -> int:
        """Epochs to train."""
        return self.num_epochs or (small if self.size == "small" else full)

    def tell(self, what: str) -> Any:
        """A report function that says what is trained, or None."""
        if self.report is None:
            return None

        def report(epoch: EpochReport) -> None:
            self.report(what, epoch)

        return report

    def begin(self, system: str, examples: ExampleSet) -> None:
        """Seed everything and make the folder, or find the same training there unfinished.

        Raises:
            ConfigError: the folder holds a training with other settings.
        """
        folders = {name: str(folder) for name, folder in sorted(self.folders.items())}
        begin_run(self.out, {
            "system": system, "size": self.size, "seed": self.seed, "num_epochs": self.num_epochs, "choices": self.choices,
            "folders": folders, "data": examples.name, "rows": examples.content_hash(),
        })  # fmt: skip
        torch.manual_seed(self.seed)


def finish(training: Training, profile: SystemProfile, examples: ExampleSet, facts: dict[str, Any]) -> dict[str, Any]:
    """Calibrate, measure on dev and write the card of a system whose weights lie in the folder.

    Args:
        training: as it was run.
        profile: without calibration.
        examples: with a dev split.
        facts: more for the card.

    Returns:
        The card.
    """
    profile = replace(profile, cues=CAREFUL_CUES)
    profile.write(training.out)
    recogniser = open_recogniser(training.out)
    if not isinstance(recogniser, SystemRecogniser):
        raise EmoAsstError(f"{training.out} does not hold the system that was trained.")
    dev = examples.split("dev")
    embedded = [embed_example(recogniser, example) for example in dev.examples]
    calibration = Calibration()
    for wanted in SUBSETS:
        with torch.inference_mode():
            logits, rows = subset_logits(recogniser.logits, embedded, wanted)
        if len(rows):
            calibration = calibration.fit(logits, dev.labels[rows], wanted, CALIBRATION_PRIOR)
    replace(profile, calibration=calibration.as_dict()).write(training.out)
    recogniser = open_recogniser(training.out)
    answers = answer_examples(recogniser, dev)
    card = {
        "run_id": json.loads((training.out / RUN_FILE).read_text("utf-8"))["run_id"],
        "recipe": f"{profile.system}, {training.size}",
        "system": profile.system,
        "manifest": examples.name, "sizes": examples.sizes, "note": examples.note, "seed": training.seed,
        "num_parameters": recogniser.num_parameters,
        "selection": {"split": "dev", "metric": "macro F1", "protocol": "the best epoch; calibration"},
        "results": {"dev": score_answers(dev, answers, (dev, answers))},
        "options": {"size": training.size, "seed": training.seed, **training.choices, **facts},
        "training_cpu_s": round(time.process_time() - training.started_s),
        "environment": environment(),
    }  # fmt: skip
    write_run_card(training.out, card)
    return card
