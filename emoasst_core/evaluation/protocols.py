"""How embeddings become answers, by the protocols of EmoAsst: zero-shot, linear probe, K-shot cache, and all modalities fused.

Whatever is chosen (alpha, beta, weights, regularisation) is chosen on dev. Nothing here takes the labels of the rows it answers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.linear_probe import LinearProbe
from emoasst_core.classifier.tip_adapter import affinity
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality, Vector
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import EmoAsstError
from emoasst_core.evaluation.embedded_set import EmbeddedSet
from emoasst_core.evaluation.metrics import accuracy, macro_f1

PROTOCOLS: Final = ("zero-shot", "probe", "cache", "fused")
SHOT_COUNTS: Final = (1, 2, 4, 8, 16)
NUM_SEEDS: Final = 10
RELATIVE_ALPHAS: Final = (
    0.0,
    0.1,
    0.3,
    1.0,
    3.0,
    10.0,
    30.0,
)  # 1 = a full match by all shots of a class moves a logit by one scale
BETAS: Final = (1.0, 3.0, 5.5, 10.0, 20.0, 40.0)
WEIGHTS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)
QUERIES_AT_ONCE: Final = 256
Logits = NDArray[np.float64]
Selection = Literal["macro_f1", "accuracy"]


@dataclass(frozen=True, slots=True)
class Answers:
    """What a protocol says about some rows.

    Attributes:
        logits: (n, num_emotions); NaN where a row has none of the modalities.
        dev_logits: the same for the dev rows.
        chosen: what was chosen on dev.
        grid: every setting tried on dev and its score.
    """

    logits: Logits
    dev_logits: Logits
    chosen: dict[str, Any]
    grid: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Task:
    """What is given: three sets and the class texts.

    Attributes:
        train, dev, queries: embedded rows; `queries` are those to answer.
        class_text: (num_emotions, d).
        modalities: those used; a row lacking some of them is answered from the rest.
        scale: of the cosines, 1 / temperature of the training.
        selection: dev metric that is maximised.
    """

    train: EmbeddedSet
    dev: EmbeddedSet
    queries: EmbeddedSet
    class_text: Vector
    modalities: tuple[Modality, ...]
    scale: float = 1 / 0.07
    selection: Selection = "macro_f1"


def zero_shot(task: Task) -> Answers:
    """Mean over the present modalities of f . F_cls (Eq. 2)."""
    return Answers(_zero_shot(task, task.queries), _zero_shot(task, task.dev), {"scale": task.scale})


def probe(task: Task) -> Answers:
    """Logistic regression per modality, fitted on train only, its strength chosen on dev; log-probabilities are averaged."""
    parts, dev_parts, chosen = [], [], {}
    for modality in task.modalities:
        train, dev = (part.take(np.flatnonzero(part.present(modality))) for part in (task.train, task.dev))
        fitted = LinearProbe.fit(
            train.embeddings[modality], train.labels, dev.embeddings[modality], dev.labels, _metric(task.selection)
        )
        chosen[modality.value] = {
            "inverse_regularisation": fitted.best.inverse_regularisation,
            "dev_score": fitted.best.dev_score,
        }
        parts.append(_apply(lambda values, fitted=fitted: _log_probs(fitted.probs(values)), task.queries, modality))
        dev_parts.append(_apply(lambda values, fitted=fitted: _log_probs(fitted.probs(values)), task.dev, modality))
    return Answers(_mean(parts), _mean(dev_parts), chosen)


def cache(task: Task, shots: EmbeddedSet | None = None, hold_out_speakers: bool = False, fused: bool = False) -> Answers:
    """Zero-shot plus the joint cache (Eq. 3-4): one alpha per modality and one beta, chosen on dev with alpha = 0 in the grid.

    Args:
        task: what is given.
        shots: rows of train in the cache; None takes all of them.
        hold_out_speakers: a query never sees shots of its own speaker.
        fused: also choose the weights of the modalities in the zero-shot part; otherwise they count alike.
    """
    shots = task.train if shots is None else shots
    unit = task.scale * NUM_EMOTIONS / max(1, len(shots))
    dev_zero, query_zero = ([_apply_head(task, part, m) for m in task.modalities] for part in (task.dev, task.queries))
    tables = {
        beta: [cache_votes(task.dev, shots, modality, beta, hold_out_speakers) for modality in task.modalities] for beta in BETAS
    }
    grid, best = [], None
    score = _metric(task.selection)
    for weights in _weights(len(task.modalities)) if fused else [(1.0,) * len(task.modalities)]:
        base = _mean(dev_zero, weights)
        for beta, relative in itertools.product(BETAS, itertools.product(RELATIVE_ALPHAS, repeat=len(task.modalities))):
            logits = base + sum(unit * alpha * votes for alpha, votes in zip(relative, tables[beta], strict=True))
            entry = {
                "alphas": {m.value: unit * alpha for m, alpha in zip(task.modalities, relative, strict=True)},
                "beta": beta,
                "weights": {m.value: weight for m, weight in zip(task.modalities, weights, strict=True)},
                "score": score(task.dev.labels, predict(logits)),
            }
            grid.append(entry)
            if best is None or entry["score"] > best[0]["score"]:
                best = (entry, logits, relative, weights)
    assert best is not None
    entry, dev_logits, relative, weights = best
    logits = _mean(query_zero, weights)
    for modality, alpha in zip(task.modalities, relative, strict=True):
        if alpha:
            logits = logits + unit * alpha * cache_votes(task.queries, shots, modality, entry["beta"], hold_out_speakers)
    return Answers(logits, dev_logits, {**entry, "num_shots": len(shots), "scale": task.scale}, tuple(grid))


def draw_shots(train: EmbeddedSet, shots_per_emotion: int, modalities: Sequence[Modality], seed: int) -> EmbeddedSet:
    """K rows of every emotion that train has, drawn without replacement among those with one of the modalities."""
    generator = np.random.default_rng([seed, shots_per_emotion])
    usable = train.answered(modalities)
    chosen = []
    for column in range(NUM_EMOTIONS):
        rows = np.flatnonzero(usable & (train.labels == column))
        chosen.append(generator.permutation(rows)[:shots_per_emotion])
    return train.take(np.concatenate(chosen))


def cache_votes(
    queries: EmbeddedSet, shots: EmbeddedSet, modality: Modality, beta: float, hold_out_speakers: bool = False
) -> Logits:
    """(n, num_emotions) sum of the shots' labels by affinity, as `tip_adapter.cache_logits`; 0 where the modality is absent."""
    keys_present = shots.present(modality)
    keys = shots.embeddings[modality][keys_present].astype(np.float64)
    values = np.eye(NUM_EMOTIONS)[shots.labels[keys_present]]
    key_speakers = np.array(shots.speakers, dtype=object)[keys_present]
    votes = np.zeros((len(queries), NUM_EMOTIONS))
    present = np.flatnonzero(queries.present(modality))
    for start in range(0, len(present), QUERIES_AT_ONCE):
        rows = present[start : start + QUERIES_AT_ONCE]
        weights = affinity(queries.embeddings[modality][rows].astype(np.float64) @ keys.T, beta)
        if hold_out_speakers:
            own = np.array(queries.speakers, dtype=object)[rows]
            weights[(own[:, None] == key_speakers[None]) & (own[:, None] != "")] = 0.0
        votes[rows] = weights @ values
    return votes


def answer(protocol: str, task: Task) -> Answers:
    """Run one protocol by name ("cache" and "fused" with all of train as shots).

    Raises:
        EmoAsstError: there is no such protocol.
    """
    if protocol == "zero-shot":
        return zero_shot(task)
    if protocol == "probe":
        return probe(task)
    if protocol in ("cache", "fused"):
        return cache(task, fused=protocol == "fused")
    raise EmoAsstError(f"Unknown protocol {protocol!r}.", f"Known: {', '.join(PROTOCOLS)}.")


def predict(logits: Logits) -> NDArray[np.int64]:
    """(n, c) -> (n,) columns; -1 where there is no answer."""
    usable = np.isfinite(logits).all(1)
    result: NDArray[np.int64] = np.where(usable, np.nan_to_num(logits).argmax(1), -1)
    return result


def _zero_shot(task: Task, part: EmbeddedSet) -> Logits:
    return _mean([_apply_head(task, part, modality) for modality in task.modalities])


def _apply_head(task: Task, part: EmbeddedSet, modality: Modality) -> Logits:
    return _apply(ZeroShotHead(task.class_text, task.scale).logits, part, modality)


def _apply(function: Any, part: EmbeddedSet, modality: Modality) -> Logits:
    logits = np.full((len(part), NUM_EMOTIONS), np.nan)
    present = part.present(modality)
    if present.any():
        logits[present] = function(part.embeddings[modality][present])
    return logits


def _mean(parts: Sequence[Logits], weights: Sequence[float] | None = None) -> Logits:
    stacked = np.stack(parts)
    shares = np.ones(len(parts)) if weights is None else np.array(weights)
    there = np.isfinite(stacked).all(2, keepdims=True) * shares[:, None, None]
    total = there.sum(0)
    lone = np.isfinite(stacked).all(2, keepdims=True) & (total == 0)  # only modalities of weight 0 are there: take them alike
    there = np.where(lone, 1.0, there)
    total = there.sum(0)
    summed: Logits = (np.nan_to_num(stacked) * there).sum(0)
    return np.asarray(np.divide(summed, total, out=np.full(summed.shape, np.nan), where=total > 0))


def _weights(num_modalities: int) -> Iterator[tuple[float, ...]]:
    for weights in itertools.product(WEIGHTS, repeat=num_modalities):
        if np.isclose(sum(weights), 1.0):
            yield weights


def _log_probs(probs: NDArray[np.floating[Any]]) -> Logits:
    result: Logits = np.log(np.maximum(probs, 1e-12))
    return result


def _metric(selection: Selection) -> Any:
    return accuracy if selection == "accuracy" else macro_f1
