"""Every choice of one head training, with the paper's values as defaults where it gives one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from emoasst_core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class HeadOptions:
    """How the Visual Fusion Module and the auditory adapter are trained.

    Attributes:
        num_epochs, batch_size, visual_rate, audio_rate, weight_decay: EmoAsst, 4.1.2.
        temperature: of both losses; not in the paper.
        prompts: text side of the contrast: "six" draws one of the six emotion prompts per clip and epoch, "utterance" is the
            paper's ablation without them.
        queries, encoder_scope: of the Visual Fusion Module. "class" queries carry no label; "paper" does and is for comparison.
        projection: of the auditory adapter.
        video_loss: "multi-positive" takes every clip of the same emotion as a partner, "clip" only the clip's own text.
        num_frames: most frames per clip.
        states_per_clip: sound states seen per clip and epoch in training, drawn evenly over it; 0 takes all. The adapter has
            no sense of order, so a draw is an unbiased look at the set of states; outside training all are used.
        dropout: share of activations dropped.
        clip_norm: bound of the gradient's norm.
        patience: epochs without a better dev score before stopping; 0 never stops early.
        selection: dev metric that chooses the epoch; accuracy is the paper's, macro F1 does not reward naming only the majority.
        seed: fixes weights, order, draws and dropout.
    """

    num_epochs: int = 200
    batch_size: int = 128
    visual_rate: float = 1e-3
    audio_rate: float = 1e-4
    weight_decay: float = 0.01
    temperature: float = 0.07
    prompts: Literal["six", "utterance"] = "six"
    queries: Literal["class", "utterance", "paper"] = "class"
    encoder_scope: Literal["frame", "video"] = "frame"
    projection: Literal["pre", "post"] = "pre"
    video_loss: Literal["multi-positive", "clip"] = "multi-positive"
    num_frames: int = 24
    states_per_clip: int = 24
    dropout: float = 0.1
    clip_norm: float = 1.0
    patience: int = 20
    selection: Literal["macro_f1", "accuracy"] = "macro_f1"
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("num_epochs", "batch_size", "num_frames"):
            if getattr(self, name) < 1:
                raise ConfigError(f"{name} must be at least 1, got {getattr(self, name)}.")
        if self.batch_size < 2:
            raise ConfigError("A contrastive loss needs at least two clips per batch.", "Set --batch-size to 2 or more.")
        if self.temperature <= 0 or not 0 <= self.dropout < 1:
            raise ConfigError("temperature must be positive and dropout lie in [0, 1).")
