"""Voice towers that leave people out: how the voice does on strangers, measured on every speaker there is.

Two actors are too few to calibrate on, or to say how much a person's own answers help. So the same recipe is run four times
more, each time without a quarter of the speakers, and once without EMO-DB, as a collection that is new in language, room and
actors. Nothing is chosen on the people left out: the last epoch is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from emoasst_core.atomic_file import replacing
from emoasst_core.classifier.calibration import Calibration
from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.evaluation.bootstrap import bootstrap_intervals
from emoasst_core.evaluation.metrics import expected_calibration_error, summary
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.constants import HeldOut, join_parts, prior_clips
from emoasst_core.training.starter.face_tower import EMBED_DIM
from emoasst_core.training.starter.measurement import part_of
from emoasst_core.training.starter.sharpness import ece_by_chance, sharpness_curve
from emoasst_core.training.starter.voice_data import VoiceSet
from emoasst_core.training.starter.voice_tower import NUM_EPOCHS, VoiceTower, embed_voices, train_voices
from emoasst_core.training.starter.voice_views import BURSTS, NUM_FOLDS, VoiceViews, speaker_folds
from emoasst_core.training.trainer import Report

NEW_COLLECTION: Final = "emodb"
SOURCE_CLIPS: Final = 1400  # of the training people, for the speaker sets
Told = Callable[[str], Report]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Clips of speech read by a tower that never heard their speakers.

    Attributes:
        name: "fold 1" and so on, or the collection left out.
        embeddings: (n, embed_dim).
        logits: (n, num_emotions).
        labels: (n,) emotion columns.
        speakers, corpora: one per clip.
        scale: of the tower's cosines.
        train_embeddings, train_labels, train_speakers: some clips of the people it learned from.
    """

    name: str
    embeddings: NDArray[np.float32]
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    speakers: tuple[str, ...]
    corpora: tuple[str, ...]
    scale: float
    train_embeddings: NDArray[np.float32]
    train_labels: NDArray[np.int64]
    train_speakers: tuple[str, ...]

    def held_out(self) -> HeldOut:
        """As the constants are chosen on it."""
        targets = np.eye(NUM_EMOTIONS, dtype=np.float32)[self.labels]
        return HeldOut(self.logits, targets, self.embeddings, self.speakers)

    def save(self, path: Path) -> None:
        """Write the .npz that `emoasst eval --personal` reads."""
        with replacing(path) as partial, open(partial, "wb") as handle:
            np.savez(
                handle, embeddings=self.embeddings, labels=self.labels, speakers=np.array(self.speakers),
                corpora=np.array(self.corpora), text_weights=emotion_anchors(EMBED_DIM), scale=self.scale,
                train_embeddings=self.train_embeddings, train_labels=self.train_labels,
                train_speakers=np.array(self.train_speakers), logits=self.logits,
            )  # fmt: skip


def load_left_out(path: Path) -> LeftOut:
    """Read what `LeftOut.save` wrote."""
    with np.load(path, allow_pickle=False) as archive:
        values: dict[str, Any] = {name: archive[name] for name in archive.files if name != "text_weights"}
    for name in ("speakers", "corpora", "train_speakers"):
        values[name] = tuple(values[name].tolist())
    return LeftOut(name=path.stem, scale=float(values.pop("scale")), **values)


def leave_out(
    voices: VoiceSet,
    views: VoiceViews,
    described: NDArray[np.float32],
    run: Path,
    seed: int,
    told: Told,
    num_epochs: int = NUM_EPOCHS,
) -> list[LeftOut]:
    """Train without each fold of speakers, and without `NEW_COLLECTION`.

    Args:
        voices, views, described: the training clips, their copies, and functionals of these.
        run: folder of checkpoints and of one .npz per tower; what is there already is not trained again.
        told: name of a tower -> what is called after each of its epochs.

    Returns:
        One per fold, then the collection left out.
    """
    folds, corpora = speaker_folds(voices), np.array(voices.corpora)
    spared = {f"voice_fold_{fold + 1}": folds == fold for fold in range(NUM_FOLDS)}
    spared[f"voice_without_{NEW_COLLECTION}"] = corpora == NEW_COLLECTION
    results = []
    for name, left in spared.items():
        path = run / f"{name}.npz"
        if not path.exists():
            scored = _speech(voices.rows(np.flatnonzero(left)))
            tower = train_voices(
                voices, views, described, scored, run / f"{name}.pt", ~left, num_epochs, seed, told(name), keep_last=True
            )
            read_left_out(name, tower, scored, voices.rows(np.flatnonzero(~left)), seed).save(path)
        results.append(load_left_out(path))
    return results


def read_left_out(name: str, tower: VoiceTower, scored: VoiceSet, known: VoiceSet, seed: int) -> LeftOut:
    """What a tower says of the speech of people it has not heard, with some speech of those it has."""
    scored, known = _speech(scored), _speech(known)
    sources = known.rows(np.sort(np.random.default_rng(seed).permutation(len(known))[:SOURCE_CLIPS]))
    with torch.inference_mode():
        embeddings = embed_voices(tower, scored)
        train_embeddings = embed_voices(tower, sources)
        scale = tower.log_scale.exp().item()
    return LeftOut(
        name, embeddings, (scale * embeddings @ emotion_anchors(EMBED_DIM).T).astype(np.float32), scored.labels,
        scored.speakers, scored.corpora, scale, train_embeddings, sources.labels, sources.speakers,
    )  # fmt: skip


def voices_of_strangers(parts: Sequence[LeftOut]) -> HeldOut:
    """What the voice's calibration is fitted on: everybody once, EMO-DB's speakers by the tower to which all of EMO-DB is new."""
    kept = [part.held_out() if part.name.endswith(NEW_COLLECTION) else _without(part, NEW_COLLECTION) for part in parts]
    return join_parts(kept)


def voices_in_folds(parts: Sequence[LeftOut]) -> HeldOut | None:
    """Every training speaker once, each in the space of a tower that never heard them; None if there are no parts."""
    folds = [part.held_out() for part in parts if not part.name.endswith(NEW_COLLECTION)]
    return join_parts(folds) if folds else None


def stranger_figures(parts: Sequence[LeftOut]) -> dict[str, Any]:
    """Figures of the people left out, each fold calibrated on the other folds; nothing if there are none.

    Of the collection left out the likeliest of its own emotions counts as the answer (it has no surprise).
    """
    folds = [part for part in parts if not part.name.endswith(NEW_COLLECTION)]
    if not folds:
        return {}
    probs = np.concatenate([_calibrated(part, [other for other in folds if other is not part]) for part in folds])
    joined = voices_in_folds(folds)
    assert joined is not None
    figures: dict[str, Any] = {"voices, four folds": _row(probs, joined.labels, joined.speakers)}
    figures["voice_sharpness"] = {"voices, four folds": sharpness_curve(probs, joined.labels)}
    for part in parts[len(folds) :]:
        probs = _calibrated(part, [_without(fold, NEW_COLLECTION) for fold in folds])
        common = np.isin(np.arange(NUM_EMOTIONS), part.labels)
        probs = np.where(common, probs, 0)
        figures["voices, EMO-DB as a new collection"] = _row(probs / probs.sum(1, keepdims=True), part.labels, part.speakers)
    return figures


def _row(probs: NDArray[np.float32], labels: NDArray[np.int64], speakers: tuple[str, ...]) -> dict[str, Any]:
    return {
        **summary(labels, probs),
        "interval_95": bootstrap_intervals(labels, probs.argmax(1), speakers),
        "ece": expected_calibration_error(labels, probs),
        "ece_by_chance": ece_by_chance(probs),
        "people": len(set(speakers)),
    }


def _calibrated(part: LeftOut, others: Sequence[HeldOut | LeftOut]) -> NDArray[np.float32]:
    known = join_parts([other.held_out() if isinstance(other, LeftOut) else other for other in others])
    fitted = Calibration().fit(known.logits, known.labels, [Modality.VOICE], prior_clips(known))
    fitted = fitted.with_honest_confidence(known.logits, known.labels, [Modality.VOICE])
    return fitted.predict(part.logits, [Modality.VOICE])


def _without(part: LeftOut, corpus: str) -> HeldOut:
    return part_of(part.held_out(), np.array(part.corpora) != corpus)


def _speech(voices: VoiceSet) -> VoiceSet:
    """The clips without bursts: nobody answers for one sigh of a stranger."""
    return voices.where(lambda _speaker, corpus: corpus != BURSTS)
