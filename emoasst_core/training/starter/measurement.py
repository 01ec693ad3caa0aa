"""Every figure of the starter's model card, from held-out people, with intervals and the majority row beside it."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.config import CueOptions
from emoasst_core.datatypes import Modality
from emoasst_core.evaluation.bootstrap import bootstrap_intervals
from emoasst_core.evaluation.metrics import expected_calibration_error, summary, unweighted_average_recall
from emoasst_core.training.starter.constants import HeldOut, few_shot_curve, gate_figures, pair_rows, prior_clips
from emoasst_core.training.starter.sharpness import clips_to_judge, ece_by_chance, sharpness_curve

SHOTS: Final = (1, 2, 4, 8)  # at most half of a speaker's clips of an emotion: of a RAVDESS actor four
NUM_DRAWS: Final = 20
Probs = NDArray[np.float32]


def measure(
    held_out: dict[Modality, HeldOut], calibration: Calibration, reliabilities: dict[Modality, float], clear: NDArray[np.bool_],
    alpha: float, beta: float, cues: CueOptions, fitted_elsewhere: tuple[Modality, ...] = (), people: HeldOut | None = None,
) -> dict[str, Any]:  # fmt: skip
    """All figures.

    Args:
        held_out: logits, soft labels and embeddings per modality.
        calibration, reliabilities, alpha, beta, cues: the constants of the profile.
        clear: (n,) the face pictures with a clear majority.
        people: voices for the curve over shots; those held out if None.
        fitted_elsewhere: modalities whose calibration has not seen `held_out`, or has seen so much that it hardly matters.
    """
    face, voice = held_out[Modality.FACE], held_out[Modality.VOICE]
    voice_probs = calibration.predict(voice.logits, [Modality.VOICE])
    return {
        name: _figures(part, modality, calibration, modality in fitted_elsewhere)
        for name, modality, part in (
            ("faces, clear majority", Modality.FACE, part_of(face, clear)),
            ("faces, all", Modality.FACE, face),
            ("voices", Modality.VOICE, voice),
            ("words", Modality.WORDS, held_out[Modality.WORDS]),
        )
    } | {
        "pairs": pair_figures(part_of(face, clear), voice, reliabilities, calibration),
        "shots": shot_figures(people or voice, alpha, beta),
        "gates": gate_figures(calibration.predict(face.logits, [Modality.FACE]), face.labels, cues),
        "voice_sharpness": {"voices": sharpness_curve(voice_probs, voice.labels)},
        "voice_clips_to_judge": clips_to_judge(voice_probs),
    }


def part_of(part: HeldOut, rows: NDArray[np.bool_]) -> HeldOut:
    """The chosen rows of a held-out set."""
    speakers = tuple(name for name, chosen in zip(part.speakers, rows, strict=True) if chosen) if part.speakers else ()
    return HeldOut(part.logits[rows], part.targets[rows], part.embeddings[rows], speakers)


def _figures(part: HeldOut, modality: Modality, calibration: Calibration, is_fitted_elsewhere: bool) -> dict[str, Any]:
    probs = calibration.predict(part.logits, [modality])
    figures = summary(part.labels, probs)
    groups = part.speakers or tuple(str(row) for row in range(len(part.labels)))
    figures["interval_95"] = bootstrap_intervals(part.labels, probs.argmax(1), groups)
    figures["ece"] = expected_calibration_error(part.labels, probs)
    if not is_fitted_elsewhere:
        figures["ece"] = cross_fitted_ece(part, modality)
    figures["ece_by_chance"] = ece_by_chance(probs)
    return figures


def cross_fitted_ece(part: HeldOut, modality: Modality, seed: int = 0) -> float:
    """Calibration error with each half calibrated on the other: the shipped constants have seen both."""
    half = np.random.default_rng(seed).random(len(part.labels)) < 0.5
    probs = np.zeros_like(part.logits)
    for fitted, scored in ((half, ~half), (~half, half)):
        chosen = Calibration().fit(part.logits[fitted], part.labels[fitted], [modality], prior_clips(part))
        probs[scored] = chosen.predict(part.logits[scored], [modality])
    return expected_calibration_error(part.labels, probs)


def pair_figures(face: HeldOut, voice: HeldOut, reliabilities: dict[Modality, float], calibration: Calibration) -> dict[str, Any]:
    """Face and voice of the same emotion put together, fused and calibrated as the program does: no real clips."""
    rows, targets = pair_rows([face, voice], seed=11)
    labels = targets.argmax(1)
    weights = np.array([reliabilities[Modality.FACE], reliabilities[Modality.VOICE]])
    weights = weights / weights.sum()
    fused = weights[0] * face.logits[rows[0]] + weights[1] * voice.logits[rows[1]]
    scores = {
        "face": calibration.predict(face.logits[rows[0]], [Modality.FACE]),
        "voice": calibration.predict(voice.logits[rows[1]], [Modality.VOICE]),
        "face+voice": calibration.predict(fused, [Modality.FACE, Modality.VOICE]),
    }
    return {
        name: {
            "accuracy": round(float((probs.argmax(1) == labels).mean()), 4),
            "uar": round(unweighted_average_recall(labels, probs.argmax(1)), 4),
        }
        for name, probs in scores.items()
    } | {"n": len(labels)}


def shot_figures(voice: HeldOut, alpha: float, beta: float) -> dict[str, dict[str, float]]:
    """Mean UAR of the paper's cache over draws and held-out speakers, for each number of shots per class."""
    result = {"0": _mean_and_spread(few_shot_curve(voice, 0.0, beta, 1, NUM_DRAWS))}
    for num_shots in SHOTS:
        result[str(num_shots)] = _mean_and_spread(few_shot_curve(voice, alpha, beta, num_shots, NUM_DRAWS))
    return result


def _mean_and_spread(scores: NDArray[np.float32]) -> dict[str, float]:
    return {"uar": round(float(scores.mean()), 4), "sd": round(float(scores.std()), 4), "draws": len(scores)}
