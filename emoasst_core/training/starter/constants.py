"""The starter's constants, chosen on held-out people only: reliabilities, calibration, cache and cue thresholds.

Held out are FER+ valid, RAVDESS actors 19 and 20 and MELD dev: no tower has seen them. Nothing here is tuned per family.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.tip_adapter import cache_logits
from emoasst_core.config import CueOptions
from emoasst_core.cues.policy import judge
from emoasst_core.datatypes import CueState, Modality
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.evaluation.metrics import (
    accuracy,
    class_scores,
    expected_calibration_error,
    macro_f1,
    unweighted_average_recall,
)

NUM_PAIRS: Final = 4000
ALPHA: Final = 8.0  # nats: about the distance between a likely and an unlikely emotion in a confident reading
BETAS: Final = (2.0, 5.5, 12.0, 24.0)  # beyond 24 an answer reaches hardly more than its own clip
NOISE_UAR: Final = 0.01
ACTED_DISCOUNT: Final = 0.6  # a judgement, to be measured once real conversations with labels may be used
WORDS_SHARE: Final = 0.1
CONFLICT_PROB: Final = 0.7  # the voice reading is wrong too often at 0.5 to silence a clear face
RARE_SHARES: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
RARE_COST: Final = 0.01
LEAST_RECALL: Final = 0.5
MAX_ECE: Final = 0.04
MIN_FREQUENCY: Final = 0.02
MIN_PRECISION: Final = 0.85
MIN_CLASS_PRECISION: Final = 0.70
Array = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class HeldOut:
    """One modality's held-out clips.

    Attributes:
        logits: (n, num_emotions) of the zero-shot head.
        targets: (n, num_emotions) soft labels.
        embeddings: (n, embed_dim).
        speakers: one per clip, "" where unknown.
    """

    logits: Array
    targets: Array
    embeddings: Array
    speakers: tuple[str, ...] = ()

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) likeliest emotion of each target."""
        return np.asarray(self.targets.argmax(1), np.int64)


def join_parts(parts: list[HeldOut]) -> HeldOut:
    """One held-out set after another; the speakers of parts without any are empty."""
    speakers = tuple(name for part in parts for name in (part.speakers or ("",) * len(part.labels)))
    logits, targets, embeddings = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("logits", "targets", "embeddings")
    )
    return HeldOut(logits, targets, embeddings, speakers)


def pair_rows(parts: list[HeldOut], seed: int) -> tuple[list[NDArray[np.int64]], Array]:
    """Rows of each part that share an emotion, drawn as often as the emotion occurs in the first part."""
    rng = np.random.default_rng(seed)
    first = rng.integers(0, len(parts[0].labels), NUM_PAIRS)
    labels = parts[0].labels[first]
    usable = np.all([np.isin(labels, part.labels) for part in parts], axis=0)
    first, labels = first[usable], labels[usable]
    rows = [first]
    for part in parts[1:]:
        by_label = [np.flatnonzero(part.labels == label) for label in range(NUM_EMOTIONS)]
        rows.append(np.array([rng.choice(by_label[label]) for label in labels]))
    return rows, np.eye(NUM_EMOTIONS, dtype=np.float32)[labels]


def choose_reliabilities(held_out: dict[Modality, HeldOut]) -> dict[Modality, float]:
    """How far each modality is trusted beside the others.

    Face and voice start from the shares with the best UAR on pairs. The voice is then discounted: pairs hold acted voices of the
    kind it was trained on, and who speaks is not known. Words get a small, fixed share: television lines are mostly neutral.
    """
    face, voice = held_out[Modality.FACE], held_out[Modality.VOICE]
    rows, targets = pair_rows([face, voice], seed=1)
    labels = targets.argmax(1)
    shares = np.arange(0.3, 0.91, 0.05)
    scores = [
        unweighted_average_recall(labels, (share * face.logits[rows[0]] + (1 - share) * voice.logits[rows[1]]).argmax(1))
        for share in shares
    ]
    share = float(shares[int(np.argmax(scores))])
    voice_share = ACTED_DISCOUNT * (1 - share)
    return {Modality.FACE: round(1 - voice_share, 3), Modality.VOICE: round(voice_share, 3), Modality.WORDS: WORDS_SHARE}


def prior_clips(part: HeldOut) -> float:
    """Strength of the pull towards one temperature and no bias: a twentieth of the clips, at least 20 and at most 50."""
    return float(np.clip(len(part.labels) / 20, 20, 50))


def fit_calibration(held_out: dict[Modality, HeldOut], reliabilities: dict[Modality, float]) -> Calibration:
    """One calibration per set of modalities: how often the likeliest emotion is the one most people named.

    Sets of several are fitted on pairs of the same emotion, a tenth of which is taken to disagree, as in life.

    Args:
        held_out: what to fit on; for faces also as other cameras show them, for voices of as many speakers as there are.
        reliabilities: of the modalities.
    """
    calibration = Calibration()
    for modality, part in held_out.items():
        calibration = calibration.fit(part.logits, part.labels, [modality], prior_clips(part))
        if modality is Modality.VOICE:  # actors differ: see there
            calibration = calibration.with_honest_confidence(part.logits, part.labels, [modality])
    for chosen in (
        (Modality.FACE, Modality.VOICE),
        (Modality.FACE, Modality.WORDS),
        (Modality.VOICE, Modality.WORDS),
        tuple(Modality),
    ):
        parts = [held_out[modality] for modality in chosen]
        rows, targets = pair_rows(parts, seed=2)
        weights = np.array([reliabilities[modality] for modality in chosen])
        weights = weights / weights.sum()
        logits = sum(weight * part.logits[row] for weight, part, row in zip(weights, parts, rows, strict=True))
        calibration = calibration.fit(logits, 0.9 * targets + 0.1 / NUM_EMOTIONS, chosen, 50.0)
    return calibration


def favour_rare(calibration: Calibration, face: HeldOut, clear: NDArray[np.bool_]) -> tuple[Calibration, float]:
    """Move the answers of a face towards emotions that are rare among the held-out pictures, as far as it costs little.

    FER+ shows a neutral or joyful face in three of four pictures; another collection, or a family, does not. Every set of
    modalities with a face gets `-share * log(frequency)` added per emotion. The largest share is taken that keeps accuracy
    and macro F1 on the clear pictures within `RARE_COST` of their best, and the calibration error on all within `MAX_ECE`.
    Where an emotion would still be missed more often than found, the smallest larger share is taken that ends this and keeps
    accuracy and calibration so.

    Returns:
        The calibration, and the share.
    """
    frequency = np.maximum(face.targets.mean(0), MIN_FREQUENCY)
    push = -np.log(frequency)
    push -= push.mean()
    best_accuracy = best_f1 = chosen = 0.0
    are_all_found = False
    for share in RARE_SHARES:
        probs = _pushed(calibration, share * push).predict(face.logits, [Modality.FACE])
        predicted, labels = probs.argmax(1)[clear], face.labels[clear]
        right, f1 = accuracy(labels, predicted), macro_f1(labels, predicted)
        best_accuracy, best_f1 = max(best_accuracy, right), max(best_f1, f1)
        if expected_calibration_error(face.labels, probs) > MAX_ECE or right < best_accuracy - RARE_COST:
            continue
        recall = class_scores(labels, predicted)["recall"][np.unique(labels)].min()
        if f1 >= best_f1 - RARE_COST or (not are_all_found and recall >= LEAST_RECALL):
            chosen, are_all_found = share, bool(recall >= LEAST_RECALL)
    return _pushed(calibration, chosen * push), chosen


def _pushed(calibration: Calibration, push: NDArray[np.float64]) -> Calibration:
    biases = {
        key: np.asarray(bias, np.float64) + push if Modality.FACE.value in key.split("+") else bias
        for key, bias in calibration.biases.items()
    }
    return Calibration(calibration.temperatures, biases)


def choose_beta(voice: HeldOut, num_draws: int = 10) -> tuple[float, dict[str, float]]:
    """Sharpness of the cache, by mean UAR over K = 1, 2 and 4 shots of a held-out speaker.

    `ALPHA` is not searched: it is what lets one answer on the very same clip outweigh a confident reading. Of the sharpnesses
    within `NOISE_UAR` of the best the largest is taken, so that an answer reaches only clips much like its own.

    Returns:
        beta, and {"beta=...": mean UAR} with "zero-shot" beside it.
    """
    scores = {beta: _few_shot_uar(voice, ALPHA, beta, num_draws) for beta in BETAS}
    grid = {"zero-shot": round(_few_shot_uar(voice, 0.0, 1.0, num_draws), 4)}
    grid |= {f"beta={beta}": round(score, 4) for beta, score in scores.items()}
    return max(beta for beta, score in scores.items() if score >= max(scores.values()) - NOISE_UAR), grid


def _few_shot_uar(part: HeldOut, alpha: float, beta: float, num_draws: int) -> float:
    return float(np.mean([few_shot_curve(part, alpha, beta, num_shots, num_draws).mean() for num_shots in (1, 2, 4)]))


def few_shot_curve(part: HeldOut, alpha: float, beta: float, num_shots: int, num_draws: int) -> Array:
    """(num_speakers * num_draws,) UAR on a speaker's other clips with `num_shots` per class in the cache."""
    speakers = np.array(part.speakers)
    scores = []
    for speaker in sorted(set(part.speakers)):
        own = np.flatnonzero(speakers == speaker)
        for draw in range(num_draws):
            rng = np.random.default_rng(draw)
            shots: list[int] = []
            for label in range(NUM_EMOTIONS):
                rows = own[part.labels[own] == label]
                shots += rng.permutation(rows)[: min(num_shots, len(rows) // 2)].tolist()
            rest = np.setdiff1d(own, shots)
            values = np.eye(NUM_EMOTIONS)[part.labels[shots]]
            votes = cache_logits(part.embeddings[rest], part.embeddings[shots], values, beta)
            scores.append(unweighted_average_recall(part.labels[rest], (part.logits[rest] + alpha * votes).argmax(1)))
    return np.array(scores, np.float32)


def choose_thresholds(calibration: Calibration, face: HeldOut) -> tuple[dict[str, float], dict[str, Any]]:
    """Raise the thresholds of CLEAR until the release gates hold on held-out faces.

    Returns:
        Fields of `CueOptions` to raise, and what they give: precision, coverage, precision per class.
    """
    probs = calibration.predict(face.logits, [Modality.FACE])
    clear, negative, joy = CueOptions().clear_prob, CueOptions().negative_prob, CueOptions().joy_prob
    while True:
        options = CueOptions(clear_prob=clear, negative_prob=negative, joy_prob=joy)
        figures = gate_figures(probs, face.labels, options)
        weak = [name for name, value in figures["class_precision"].items() if value is not None and value < MIN_CLASS_PRECISION]
        if (figures["precision"] >= MIN_PRECISION and not weak) or clear >= 0.95:
            thresholds = {"clear_prob": clear, "negative_prob": negative, "joy_prob": joy, "conflict_prob": CONFLICT_PROB}
            return {name: round(value, 2) for name, value in thresholds.items()}, figures
        if figures["precision"] < MIN_PRECISION or set(weak) & {"neutral", "sadness", "surprise"}:
            clear = min(0.95, clear + 0.02)
        if "joy" in weak or figures["precision"] < MIN_PRECISION:
            joy = min(0.95, joy + 0.02)
        negative = min(0.97, max(negative + 0.02, clear)) if set(weak) & {"anger", "fear", "disgust"} else max(negative, clear)


def gate_figures(probs: Array, labels: NDArray[np.int64], options: CueOptions) -> dict[str, Any]:
    """Precision and coverage of CLEAR for single readings."""
    judged = [judge(row, options, is_conflict=False, is_supported=True) for row in probs]
    clear = np.array([state is CueState.CLEAR for state, _ in judged])
    predicted = probs.argmax(1)
    per_class: dict[str, float | None] = {}
    for column, name in enumerate(EMOTIONS):
        chosen = clear & (predicted == column)
        per_class[name] = round(accuracy(labels[chosen], predicted[chosen]), 4) if chosen.any() else None
    precision = accuracy(labels[clear], predicted[clear]) if clear.any() else 0.0
    return {"precision": precision, "coverage": float(clear.mean()), "class_precision": per_class, "n": len(labels)}
