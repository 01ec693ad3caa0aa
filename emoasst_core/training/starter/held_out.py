"""What the trained towers say about people none of them has seen: FER+ valid, RAVDESS actors 19 and 20, MELD dev."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.encoders.words import EVIDENCE_SCALE
from emoasst_core.training.starter.constants import HeldOut
from emoasst_core.training.starter.face_data import FaceSet, load_ferplus
from emoasst_core.training.starter.face_tower import FaceTower
from emoasst_core.training.starter.text_tower import CONTEXT_LENGTH
from emoasst_core.training.starter.video_fusion import NUM_FRAMES, VideoFusion, embed_views
from emoasst_core.training.starter.voice_tower import VoiceTower, embed_voices
from emoasst_core.training.starter.words_head import WordsHead, answered, load_lines


def held_out_faces(data: Path, faces: FaceTower, fusion: VideoFusion, strength: float = 0.0) -> HeldOut:
    """FER+ valid, each picture and its mirror image by turns, as `emoasst eval` reads a picture of 48 pixels.

    Args:
        strength: of the augmentation; above 0 the pictures look as if of other cameras.
    """
    valid = load_ferplus(data / "faces" / "ferplus_valid.npz", False)
    mirrored = FaceSet(valid.images[:, :, ::-1], valid.targets, valid.weights, valid.clear)
    views = [embed_views(faces, part, 1, strength, seed=0).views for part in (valid, mirrored)]
    frames = torch.from_numpy(np.tile(np.concatenate(views, 1), (1, NUM_FRAMES // 2, 1)))
    with torch.inference_mode():
        embeddings = torch.cat([fusion.embed(part) for part in torch.split(frames, 512)])
        logits = fusion.log_scale.exp() * embeddings @ fusion.text_weights.T
    return HeldOut(logits.numpy(), valid.targets, embeddings.numpy())


def held_out_voices(valid: Any, voice: VoiceTower, text_weights: Any) -> HeldOut:
    """RAVDESS actors 19 and 20."""
    with torch.inference_mode():
        embeddings = embed_voices(voice, valid)
        logits = voice.log_scale.exp().item() * embeddings @ text_weights.T
    return HeldOut(logits, np.eye(NUM_EMOTIONS, dtype=np.float32)[valid.labels], embeddings, valid.speakers)


def held_out_words(data: Path, head: WordsHead, text_weights: Any) -> HeldOut:
    """MELD dev, all but fillers, each with the two utterances before it."""
    dev = load_lines(data / "meld" / "dev_sent_emo.csv")
    rows = answered(dev)
    embeddings = head.embed(dev)[rows]
    logits = EVIDENCE_SCALE * embeddings @ text_weights.T
    return HeldOut(logits.astype(np.float32), np.eye(NUM_EMOTIONS, dtype=np.float32)[dev.labels[rows]], embeddings)


def tokenizer() -> Any:
    """The text tower's tokenizer."""
    import open_clip

    return open_clip.SimpleTokenizer(context_length=CONTEXT_LENGTH)
