"""A finished run as a model profile: `emoasst analyze --profile RUN` and the window open the very folder that was trained."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.classifier.zero_shot import ZeroShotHead
from emoasst_core.datatypes import Modality, Vector
from emoasst_core.evaluation.embedded_set import EmbeddedSet
from emoasst_core.evaluation.figures_file import write_json
from emoasst_core.evaluation.metrics import unweighted_average_recall
from emoasst_core.profile import FORMAT, PROFILE_FILE
from emoasst_core.training.recipes.head_options import HeadOptions
from emoasst_core.training.recipes.run_folder import HEADS_FILE, Heads
from emoasst_core.training.towers import Towers

VERSION: Final = "1"
MAX_SOUND_S: Final = 10.0  # longer utterances are embedded piece by piece
MIN_WORDS: Final = 3
CACHE: Final = {"alpha": 8.0, "beta": 5.5}  # nats, about a confident reading's distance; Tip-Adapter's sharpness
SHARES: Final = np.arange(0.1, 0.95, 0.1)  # of the face, tried beside the voice
TOWER_FILES: Final = ("*.safetensors", "*.json")


def write_profile(out: Path, towers: Towers, heads: Heads, dev: EmbeddedSet, class_text: Vector, options: HeadOptions) -> bool:
    """Put towers and profile.json beside the heads of a run.

    Towers are linked, not copied, where the disk allows it. Scales are those of training; calibration and the face's share
    beside the voice are fitted on dev.

    Args:
        out: the run folder; holds the heads already.
        dev: embedded rows that were not trained on.
        class_text: (num_emotions, embed_dim) label-free class features.

    Returns:
        False where the run has no visual head, or one whose queries carry what was said: a profile asks with the class prompts.
    """
    if "frames" not in heads or towers.vision is None or options.queries != "class":
        return False
    parts = {"vision": _folder(towers.vision), "text": _folder(towers.text)}
    if "audio" in heads and towers.audio is not None:
        parts["audio"] = _folder(towers.audio)
    for name, folder in parts.items():
        _link(folder, out / name)
    scale = round(1.0 / options.temperature, 4)
    modalities = [Modality.FACE, *([Modality.VOICE] if "audio" in parts else [])]
    logits = {modality: _logits(dev, modality, class_text, scale) for modality in modalities}
    reliabilities = choose_reliabilities(logits, dev)
    values = {
        "format": FORMAT, "name": out.name, "version": VERSION,
        "summary": "Trained by `emoasst train --recipe emoasst`; see run_card.md.",
        "vision": "vision", "text": "text", "audio": "audio" if "audio" in parts else "", "heads": HEADS_FILE,
        "visual_fusion_module": _vision_sizes(class_text.shape[1], options),
        "auditory_adapter": _audio_sizes(towers, class_text.shape[1], options) if "audio" in parts else None,
        "num_frames": options.num_frames, "max_sound_s": MAX_SOUND_S, "min_words": MIN_WORDS,
        "zero_shot": {modality.value: {"scale": scale, "bias": [0.0] * len(class_text)} for modality in modalities},
        "alphas": {modality.value: CACHE["alpha"] for modality in modalities}, "beta": CACHE["beta"],
        "reliabilities": {modality.value: share for modality, share in reliabilities.items()},
        "calibration": fit_calibration(logits, dev, reliabilities).as_dict(),
    }  # fmt: skip
    write_json(out / PROFILE_FILE, values)
    return True


def choose_reliabilities(logits: Mapping[Modality, Vector], dev: EmbeddedSet) -> dict[Modality, float]:
    """The face's share with the best UAR on dev rows that have both; 1 where only the face is there to trust."""
    if Modality.VOICE not in logits:
        return {Modality.FACE: 1.0}
    both = dev.present(Modality.FACE) & dev.present(Modality.VOICE)
    if not both.any():
        return {Modality.FACE: 0.5, Modality.VOICE: 0.5}
    face, voice, labels = logits[Modality.FACE][both], logits[Modality.VOICE][both], dev.labels[both]
    scores = [unweighted_average_recall(labels, (share * face + (1 - share) * voice).argmax(1)) for share in SHARES]
    share = round(float(SHARES[int(np.argmax(scores))]), 2)
    return {Modality.FACE: share, Modality.VOICE: round(1 - share, 2)}


def fit_calibration(logits: Mapping[Modality, Vector], dev: EmbeddedSet, shares: Mapping[Modality, float]) -> Calibration:
    """One calibration per modality that dev has, and one for both together."""
    calibration = Calibration()
    for modality, scores in logits.items():
        rows = dev.present(modality)
        if rows.any():
            calibration = calibration.fit(scores[rows], dev.labels[rows], [modality])
    rows = np.all([dev.present(modality) for modality in logits], axis=0)
    if len(logits) > 1 and rows.any():
        joint = sum(shares[modality] * scores[rows] for modality, scores in logits.items())
        calibration = calibration.fit(joint, dev.labels[rows], logits)
    return calibration


def _logits(dev: EmbeddedSet, modality: Modality, class_text: Vector, scale: float) -> Vector:
    return np.asarray(ZeroShotHead(class_text, scale).logits(dev.embeddings[modality]), np.float32)


def _vision_sizes(embed_dim: int, options: HeadOptions) -> dict[str, Any]:
    return {
        "embed_dim": embed_dim, "queries": options.queries,
        "encoder_scope": options.encoder_scope, "num_frames": options.num_frames, "dropout": options.dropout,
    }  # fmt: skip


def _audio_sizes(towers: Towers, embed_dim: int, options: HeadOptions) -> dict[str, Any]:
    assert towers.audio is not None
    return {
        "audio_dim": towers.audio.state_dim,
        "embed_dim": embed_dim,
        "projection": options.projection,
        "dropout": options.dropout,
    }


def _folder(encoder: Any) -> Path:
    folder: Path = encoder.folder
    return folder


def _link(source: Path, target: Path) -> None:
    target.mkdir(exist_ok=True)
    for pattern in TOWER_FILES:
        for path in source.glob(pattern):
            place = target / path.name
            place.unlink(missing_ok=True)
            try:
                os.link(path, place)
            except OSError:  # another disk, or one without links
                shutil.copy2(path, place)
