"""Score any system on examples, through the same protocol that a live session uses."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.evaluation.bootstrap import bootstrap_intervals
from emoasst_core.evaluation.metrics import summary
from emoasst_core.evaluation.multilabel import choose_threshold, multilabel_figures
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.training.systems.examples import Example, ExampleSet

Embedded = list[dict[Modality, Vector]]
SUBSETS = (
    (Modality.FACE,),
    (Modality.VOICE,),
    (Modality.WORDS,),
    (Modality.FACE, Modality.VOICE),
    (Modality.FACE, Modality.WORDS),
    (Modality.VOICE, Modality.WORDS),
    tuple(Modality),
)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a system says about examples.

    Attributes:
        probs: (n, num_emotions), NaN where nothing was present.
        seconds: (n,) from pictures, sound and words to the probabilities.
    """

    probs: NDArray[np.float32]
    seconds: NDArray[np.float64]


def embed_example(recogniser: Recogniser, example: Example) -> dict[Modality, Vector]:
    """{modality: (embed_dim,)} of what the example has."""
    embeddings: dict[Modality, Vector] = {}
    if example.frames is not None and len(example.frames):
        rows = np.arange(recogniser.config.num_frames) * len(example.frames) // recogniser.config.num_frames
        needed = sorted(set(rows.tolist()))
        frames = recogniser.embed_crops([example.frames[row] for row in needed])
        embeddings[Modality.FACE] = recogniser.embed_video(frames[np.searchsorted(needed, rows)])
    if example.samples is not None and (voice := recogniser.embed_voice(example.samples)) is not None:
        embeddings[Modality.VOICE] = voice
    if (words := recogniser.embed_words(example.text)) is not None:
        embeddings[Modality.WORDS] = words
    return embeddings


def answer_examples(recogniser: Recogniser, examples: ExampleSet, advance: Callable[[], None] = lambda: None) -> Answers:
    """Let a system name every example."""
    probs = np.full((len(examples), NUM_EMOTIONS), np.nan, np.float32)
    seconds = np.zeros(len(examples))
    for row, example in enumerate(examples.examples):
        started = time.perf_counter()
        embeddings = embed_example(recogniser, example)
        if embeddings:
            probs[row] = recogniser.classify(embeddings)
        seconds[row] = time.perf_counter() - started
        advance()
    return Answers(probs, seconds)


def score_answers(examples: ExampleSet, answers: Answers, dev: tuple[ExampleSet, Answers] | None = None) -> dict[str, Any]:
    """Figures with intervals over groups; with dev's answers also those for several emotions at once.

    The probabilities of the seven are compared with one threshold that is chosen on dev.
    """
    figures = summary(examples.labels, answers.probs)
    predictions = np.where(np.isfinite(answers.probs).all(1), np.nan_to_num(answers.probs, nan=-1.0).argmax(1), -1)
    intervals = bootstrap_intervals(examples.labels, predictions, examples.groups)
    figures["intervals"] = {name: list(pair) for name, pair in intervals.items()}
    figures["num_groups"] = len(set(examples.groups))
    figures["ms_per_utterance"] = {
        "median": 1000 * float(np.median(answers.seconds)), "p95": 1000 * float(np.percentile(answers.seconds, 95)),
    }  # fmt: skip
    if dev is not None:
        threshold = choose_threshold(dev[0].multi_labels > 0.5, np.nan_to_num(dev[1].probs))
        found = multilabel_figures(examples.multi_labels > 0.5, np.nan_to_num(answers.probs) >= threshold)
        figures["multilabel"] = {"threshold": threshold, **found}
    return figures


def subset_logits(
    logits: Callable[[dict[Modality, Vector]], NDArray[np.floating[Any]]], embedded: Embedded, wanted: Sequence[Modality]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits of the examples that have all of `wanted`, made from these alone.

    Returns:
        (k, num_emotions) and the (k,) rows they are of.
    """
    rows = [row for row, found in enumerate(embedded) if set(wanted) <= set(found)]
    values = [np.asarray(logits({modality: embedded[row][modality] for modality in wanted}), np.float64) for row in rows]
    return np.array(values).reshape(-1, NUM_EMOTIONS), np.array(rows, np.int64)
