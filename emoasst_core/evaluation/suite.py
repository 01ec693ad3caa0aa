"""Evaluate a trained run by a protocol: predictions, figures with intervals and what was chosen on dev go into its folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from emoasst_core.datatypes import Modality
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import ConfigError
from emoasst_core.evaluation.bootstrap import bootstrap_intervals
from emoasst_core.evaluation.confusion_picture import draw_confusion
from emoasst_core.evaluation.embedded_set import EmbeddedSet
from emoasst_core.evaluation.mcnemar import mcnemar
from emoasst_core.evaluation.metrics import summary
from emoasst_core.evaluation.protocols import NUM_SEEDS, SHOT_COUNTS, Answers, Task, answer, cache, draw_shots, predict
from emoasst_core.evaluation.run_card import add_result
from emoasst_core.evaluation.test_split import TestSplit

MIN_GROUPS = 5
SPREAD = ("accuracy", "weighted_f1", "macro_f1", "uar")


def run_protocol(
    run: Path,
    protocol: str,
    modalities: Sequence[str] | None = None,
    split: str = "dev",
    shot_counts: Sequence[int] = SHOT_COUNTS,
    num_seeds: int = NUM_SEEDS,
) -> dict[str, Any]:
    """Score one protocol on one split of a run's data.

    Args:
        run: --out folder of `emoasst train`.
        protocol: "zero-shot", "probe", "cache" (all of train, then K shots of other speakers) or "fused".
        modalities: "face", "voice", "words"; None takes those the run has heads for.
        split: "dev" or "test"; test can be scored once per run, protocol and modalities.
        shot_counts, num_seeds: of the K-shot part of "cache".

    Returns:
        Figures, intervals, majority row, McNemar against it, what was chosen on dev, and where the predictions are.

    Raises:
        ConfigError: no such run, or a modality it does not have.
        ManifestError: the test split was scored before, or the data have changed.
    """
    from emoasst_core.training.recipes.run_folder import open_run

    opened = open_run(run)
    embedded = opened.embed()
    chosen = _modalities(embedded, modalities)
    task = Task(
        embedded.split("train"),
        embedded.split("dev"),
        embedded.split(split),
        opened.class_text,
        chosen,
        1 / opened.options.temperature,
        opened.options.selection,
    )
    name = f"{protocol}/{'+'.join(modality.value for modality in chosen)}"
    answers = answer(protocol, task)
    episodes = _episodes(task, shot_counts, num_seeds) if protocol == "cache" else {}
    if split == "test":
        TestSplit(run, opened.run_id, opened.manifest.content_hash()).score_once(name)
    result = score(answers, task) | {"run_id": opened.run_id, "protocol": protocol, "split": split, "chosen_on": "dev"}
    if episodes:
        result["shots"] = {str(count): _spread(trials, task.queries) for count, trials in episodes.items()}
    stem = f"{split}_{name.replace('/', '_').replace('+', '_')}"
    result["predictions"] = f"predictions_{stem}.csv"
    write_predictions(run / result["predictions"], task.queries, answers)
    (run / f"grid_{stem}.json").write_text(json.dumps(answers.grid, indent=0) + "\n", encoding="utf-8")
    draw_confusion(np.array(result["confusion"]["matrix"]), run / f"confusion_{stem}.png", f"{name}, {split}")
    add_result(run, f"{split}: {name}", result)
    return result


def score(answers: Answers, task: Task) -> dict[str, Any]:
    """Figures of one protocol. Probabilities are softmax of the logits over one temperature, which is fitted on dev."""
    queries = task.queries
    temperature = fit_temperature(answers.dev_logits, task.dev.labels)
    predictions = predict(answers.logits)
    majority = np.full(len(queries), np.bincount(task.train.labels).argmax())
    against = mcnemar(queries.labels, predictions, majority)
    clustered = len(set(queries.groups)) >= MIN_GROUPS
    intervals = bootstrap_intervals(queries.labels, predictions, queries.groups if clustered else queries.ids)
    return summary(queries.labels, probabilities(answers.logits, temperature), queries.answered(task.modalities)) | {
        "intervals": {name: list(pair) for name, pair in intervals.items()},
        "intervals_over": "groups" if clustered else f"rows ({len(set(queries.groups))} groups are too few to resample)",
        "majority": majority_row(task),
        "mcnemar_against_majority": {"only_this": against.only_first, "only_majority": against.only_second, "p": against.p_value},
        "temperature": temperature,
        "chosen": answers.chosen,
        "num_settings_tried": len(answers.grid),
    }


def majority_row(task: Task) -> dict[str, Any]:
    """Figures of always naming train's most frequent emotion."""
    probs = np.zeros((len(task.queries), len(EMOTIONS)))
    probs[:, np.bincount(task.train.labels).argmax()] = 1.0
    figures = summary(task.queries.labels, probs)
    return {name: figures[name] for name in ("accuracy", "weighted_f1", "macro_f1", "uar")}


def probabilities(logits: NDArray[np.float64], temperature: float) -> NDArray[np.float64]:
    """(n, c) softmax of logits / temperature; NaN rows stay NaN."""
    scaled = logits / temperature
    scaled = scaled - scaled.max(1, keepdims=True)
    powers = np.exp(scaled)
    result: NDArray[np.float64] = powers / powers.sum(1, keepdims=True)
    return result


def fit_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature with the best likelihood on dev (Guo et al. 2017); 1 where dev has no answer at all."""
    usable = np.isfinite(logits).all(1)
    if not usable.any():
        return 1.0
    scores, right = logits[usable], labels[usable]

    def loss(log_temperature: float) -> float:
        scaled = scores / np.exp(log_temperature)
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[np.arange(len(right)), right]).mean())

    return float(np.exp(minimize_scalar(loss, bounds=(-5.0, 5.0), method="bounded").x))


def write_predictions(path: Path, queries: EmbeddedSet, answers: Answers) -> None:
    """One line per row: id, label, prediction ("" where there was nothing to go by), probabilities."""
    probs = probabilities(answers.logits, 1.0)
    with path.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(["id", "group", "label", "prediction", *EMOTIONS])
        for row, column in enumerate(predict(answers.logits)):
            name = EMOTIONS[column] if column >= 0 else ""
            shares = [f"{value:.6f}" if np.isfinite(value) else "" for value in probs[row]]
            writer.writerow([queries.ids[row], queries.groups[row], EMOTIONS[queries.labels[row]], name, *shares])


def _modalities(embedded: EmbeddedSet, names: Sequence[str] | None) -> tuple[Modality, ...]:
    if names is None:
        return tuple(modality for modality in embedded.embeddings if modality is not Modality.WORDS)
    known = {modality.value: modality for modality in embedded.embeddings}
    for name in names:
        if name not in known:
            raise ConfigError(f"This run has no {name}.", f"It has: {', '.join(known)}.")
    return tuple(known[name] for name in names)


def _episodes(task: Task, shot_counts: Sequence[int], num_seeds: int) -> dict[int, list[NDArray[np.int64]]]:
    return {
        count: [
            predict(cache(task, draw_shots(task.train, count, task.modalities, seed), hold_out_speakers=True).logits)
            for seed in range(num_seeds)
        ]
        for count in shot_counts
    }


def _spread(trials: Sequence[NDArray[np.int64]], queries: EmbeddedSet) -> dict[str, Any]:
    """Mean and standard deviation over the seeds; shots are never of the query's own speaker."""
    eye = np.vstack([np.eye(len(EMOTIONS)), np.full(len(EMOTIONS), np.nan)])
    rows = [summary(queries.labels, eye[predictions]) for predictions in trials]
    values = {name: np.array([row[name] for row in rows]) for name in SPREAD}
    return {name: {"mean": float(found.mean()), "sd": float(found.std(ddof=len(found) > 1))} for name, found in values.items()}
