"""All five systems on the same rows: trained where they are not yet, scored once, timed now."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoasst_core.evaluation.mcnemar import mcnemar
from emoasst_core.evaluation.run_card import CARD_JSON, add_result
from emoasst_core.evaluation.system_scores import Answers, answer_examples, embed_example, score_answers
from emoasst_core.evaluation.test_split import TestSplit
from emoasst_core.systems.opening import open_recogniser
from emoasst_core.systems.profile import EMOASST, SYSTEMS
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.training.systems.catalogue import open_examples, train_system
from emoasst_core.training.systems.command import epoch_line
from emoasst_core.training.systems.examples import ExampleSet
from emoasst_core.training.systems.finishing import Training

METRICS: Final = ("accuracy", "weighted_f1", "macro_f1", "uar")
TIMED_ROWS: Final = 40
EMOASST_NOTE: Final = (
    "EmoAsst is the bundled starter: trained on more data than the others; its epochs, calibration and thresholds were chosen "
    "on the people whose voices, photographs and lines are dev and test here, so its row is optimistic. The picture towers of "
    "MER-CLIP, EmoVCLIP and the transformers begin with its convolutional stages."
)


def compare_systems(
    data: Path,
    out: Path,
    split: str = "dev",
    seeds: Sequence[int] = (0,),
    systems: Sequence[str] = SYSTEMS,
    tell: Callable[[str], None] = lambda _line: None,
) -> dict[str, Any]:
    """Train what is missing, score every system and time it.

    Args:
        data: folder of the joined set, or a listing.
        out: one folder per system and seed; what lies there finished is not trained again.
        split: "dev" or "test"; test is scored once per training, and its figures are kept.
        seeds: trainings of each system; EmoAsst's starter is one.
        systems: which.
        tell: gets a line of progress.

    Returns:
        {"rows": {system: figures}, "split", "note", ...}; with several seeds the figures are means, with "sd" beside them.

    Raises:
        EmoAsstError: the data or a profile cannot be used.
    """
    examples, is_joined = open_examples(data, "auto", out / "decoded", "small")
    rows = {}
    for system in systems:
        runs = []
        for seed in seeds if system != EMOASST else seeds[:1]:
            folder = out / (system if system == EMOASST else f"{system}-seed{seed}")
            if system != EMOASST and not (folder / CARD_JSON).exists():
                tell(f"{system}: training with seed {seed}")
                training = Training(folder, seed=seed, report=lambda what, epoch: tell(epoch_line(what, epoch)))
                train_system(system, examples, training, data if is_joined else None)
            tell(f"{system}: scoring")
            runs.append(score_system(system, folder, examples, split))
        rows[system] = merge(runs)
    labels = examples.split(split).labels
    notes = [text for text in (examples.note, EMOASST_NOTE if is_joined and EMOASST in systems else "") if text]
    majority = float(np.bincount(labels).max() / len(labels))
    return {"data": examples.name, "split": split, "n": len(labels), "majority_accuracy": majority, "seeds": list(seeds),
            "sizes": examples.sizes, "note": " ".join(notes), "rows": rows}  # fmt: skip


def score_system(system: str, folder: Path, examples: ExampleSet, split: str) -> dict[str, Any]:
    """Figures of one trained system on a split; those of test are computed once and read from the run card afterwards.

    Args:
        system: its name.
        folder: its profile; for EmoAsst where to keep the ledger (the profile is the bundled starter).
        examples: with this split.
        split: "dev" or "test".
    """
    recogniser = open_recogniser("starter" if system == EMOASST else folder)
    chosen, dev = examples.split(split), examples.split("dev")
    name = f"{split}: {examples.name}"
    folder.mkdir(parents=True, exist_ok=True)
    stored = _stored(folder, name, recogniser)
    if stored is None:
        run_id = f"{system}-{recogniser.encoder_hash[:12]}"
        if split == "test":
            TestSplit(folder, run_id, examples.content_hash()).score_once("comparison")
        dev_answers = answer_examples(recogniser, dev)
        answers = dev_answers if split == "dev" else answer_examples(recogniser, chosen)
        stored = score_answers(chosen, answers, (dev, dev_answers)) | {"encoder_hash": recogniser.encoder_hash}
        stored["mcnemar_against_majority_p"] = _against_majority(chosen, examples.split("train"), answers)
        add_result(folder, name, stored)
    return stored | {"num_parameters": recogniser.num_parameters, "ms_per_utterance": time_utterances(recogniser, dev)}


def time_utterances(recogniser: Recogniser, examples: ExampleSet, num_rows: int = TIMED_ROWS) -> dict[str, float]:
    """Milliseconds from pictures, sound and words to the probabilities, one utterance at a time, after a warm-up."""
    rows = examples.take(np.linspace(0, len(examples) - 1, min(num_rows, len(examples))).astype(np.int64))
    for example in rows.examples[:3]:
        if embeddings := embed_example(recogniser, example):
            recogniser.classify(embeddings)
    seconds = answer_examples(recogniser, rows).seconds
    return {"median": 1000 * float(np.median(seconds)), "p95": 1000 * float(np.percentile(seconds, 95))}


def merge(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One run as it is; of several the first with means, and the standard deviations of the main figures."""
    merged = dict(runs[0])
    if len(runs) > 1:
        merged["sd"] = {name: float(np.std([run[name] for run in runs], ddof=1)) for name in METRICS}
        merged |= {name: float(np.mean([run[name] for run in runs])) for name in METRICS}
        merged["per_seed"] = [{name: run[name] for name in METRICS} for run in runs]
    return merged


def as_markdown(comparison: Mapping[str, Any]) -> str:
    """The table as a page."""
    head = ("system", "accuracy", "weighted F1", "macro F1", "UAR", "Jaccard", "micro F1", "parameters", "ms per utterance")
    lines = [
        f"{comparison['n']} rows of {comparison['data']} {comparison['split']}; always the commonest: "
        f"{100 * comparison['majority_accuracy']:.1f} %. Trainings of each: {len(comparison['seeds'])}.",
        "",
        "| " + " | ".join(head) + " |",
        "|---" * len(head) + "|",
    ]
    for system, row in comparison["rows"].items():
        several = row.get("multilabel", {})
        cells = [_cell(row, name) for name in METRICS]
        cells += [f"{100 * several[name]:.1f}" if several else "" for name in ("accuracy", "micro_f1")]
        cells += [f"{row['num_parameters'] / 1e6:.2f} M", f"{row['ms_per_utterance']['median']:.0f}"]
        lines.append(f"| {system} | " + " | ".join(cells) + " |")
    return "\n".join([*lines, "", comparison["note"]])


def _cell(row: Mapping[str, Any], name: str) -> str:
    low, high = row["intervals"][name]
    spread = f" ± {100 * row['sd'][name]:.1f}" if "sd" in row else ""
    return f"{100 * row[name]:.1f}{spread} ({100 * low:.1f} to {100 * high:.1f})"


def _against_majority(chosen: ExampleSet, train: ExampleSet, answers: Answers) -> float:
    usual = int(np.bincount(train.labels).argmax()) if len(train) else 0
    found = np.where(np.isfinite(answers.probs).all(1), np.nan_to_num(answers.probs, nan=-1.0).argmax(1), -1)
    return mcnemar(chosen.labels, found, np.full(len(chosen), usual)).p_value


def _stored(folder: Path, name: str, recogniser: Recogniser) -> dict[str, Any] | None:
    path = folder / CARD_JSON
    if not path.exists():
        return None
    found: dict[str, Any] | None = json.loads(path.read_text(encoding="utf-8")).get("results", {}).get(name)
    return found if found and found.get("encoder_hash") == recogniser.encoder_hash else None
