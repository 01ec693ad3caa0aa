"""EmoVCLIP's networks: a frozen CLIP, its deep prompts, a speech model, and the fusion networks of the folds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.systems.clip_towers import ClipTowers
from emoasst_core.systems.emovclip.fusion import AttentionFusion
from emoasst_core.systems.emovclip.pooling import pool_frames
from emoasst_core.systems.emovclip.prompts import DEPTH, NUM_TOKENS, DeepPrompts
from emoasst_core.systems.emovclip.speech_features import build_speech
from emoasst_core.systems.wording import read_wording

FEATURES = ("voice", "words", "face", "prompted")  # the four that are fused, and dropped, by themselves


class EmoVClip(nn.Module):
    """Everything from pictures, sound and words to probabilities.

    Args:
        towers: the frozen CLIP.
        speech: settings of the speech model, see `speech_features.build_speech`.
        num_folds: fusion networks, averaged with equal weights.
        hidden_dim, dropout: of the fusion.
        num_tokens, depth: of the deep prompts.
        augments_text: read words with the local ranking of feelings appended.
    """

    def __init__(
        self,
        towers: ClipTowers,
        speech: Mapping[str, Any],
        num_folds: int = 5,
        hidden_dim: int = 128,
        dropout: float = 0.3,
        num_tokens: int = NUM_TOKENS,
        depth: int = DEPTH,
        augments_text: bool = True,
    ) -> None:
        super().__init__()
        self.settings: dict[str, Any] = {
            "towers": towers.settings, "speech": dict(speech), "num_folds": num_folds,
            "hidden_dim": hidden_dim, "dropout": dropout, "num_tokens": num_tokens,
            "depth": depth, "augments_text": augments_text,
        }  # fmt: skip
        self.towers = towers.requires_grad_(False)
        self.prompts = DeepPrompts(towers, num_tokens, depth)
        self.speech = build_speech(speech).requires_grad_(False)
        wording = read_wording()
        sentences = [wording["emovclip"]["template"].format(emotion=wording["emotion"]["word"][name]) for name in EMOTIONS]
        self.numbers = towers.tokenize(sentences)
        width = towers.embed_dim
        self.widths = {"voice": self.speech.width, "words": width, "face": 2 * width, "prompted": 2 * width}
        self.folds = nn.ModuleList(
            AttentionFusion([self.widths[name] for name in FEATURES], hidden_dim, dropout) for _ in range(num_folds)
        )
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> EmoVClip:
        """The network of a profile with random weights."""
        values = dict(settings)
        return cls(ClipTowers.from_settings(values.pop("towers")), values.pop("speech"), **values)

    def train(self, mode: bool = True) -> EmoVClip:
        """Frozen parts stay in evaluation mode."""
        super().train(mode)
        self.towers.eval()
        self.speech.eval()
        return self

    def label_features(self) -> Tensor:
        """(num_emotions, embed_dim) unit vectors of the label sentences, through the prompted text tower."""
        return self.prompts.text_features(self.towers, self.numbers)

    def prompted_logits(self, frame_features: Tensor) -> Tensor:
        """(b, t, embed_dim) prompted frames -> (b, num_emotions): similarity of their mean over time with the label sentences."""
        mean = nn.functional.normalize(frame_features.mean(1), dim=-1)
        result: Tensor = self.log_scale.exp() * mean @ self.label_features().T
        return result

    def picture_features(self, pictures: Tensor) -> Tensor:
        """(n, 3, s, s) -> (n, 2 embed_dim): CLIP's features and, behind them, those of the prompted CLIP."""
        plain = self.towers.picture_features(pictures)
        return torch.cat([plain, self.prompts.picture_features(self.towers, pictures)], 1)

    def pool(self, frames: Tensor) -> Tensor:
        """(t, 2 embed_dim) -> (4 embed_dim,): mean and variance of CLIP's, then of the prompted ones."""
        plain, prompted = frames.chunk(2, dim=1)
        return torch.cat([pool_frames(plain), pool_frames(prompted)])

    def probs(self, features: Tensor, present: Tensor) -> Tensor:
        """(b, all widths), (b, 4) -> (b, num_emotions): the mean of the folds' softmax."""
        return torch.stack([torch.softmax(fold(features, present), 1) for fold in self.folds]).mean(0)

    def forward(self, features: Mapping[str, Tensor]) -> Tensor:
        """{feature name: (width,)} of one utterance -> (num_emotions,) logarithms of the folds' mean softmax."""
        row = torch.cat([features.get(name, torch.zeros(self.widths[name])) for name in FEATURES])
        present = torch.tensor([[name in features for name in FEATURES]])
        return torch.log(self.probs(row[None], present)[0].clamp_min(1e-6)).reshape(NUM_EMOTIONS)
