"""MER-SEM-MBT's network: text states, two guided backbones, a cross-modal layer, three decisions and their fusion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor, nn

from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ConfigError
from emoasst_core.systems.sem_mbt.backbones import VGGISH_DIM, ResNet18, VGGish
from emoasst_core.systems.sem_mbt.cross_modal import build_encoder, positions
from emoasst_core.systems.sem_mbt.decision import AttentiveDecision

Prepared = Mapping[Modality, tuple[Tensor, Tensor]]
ORDER = (Modality.VOICE, Modality.FACE, Modality.WORDS)


@dataclass(frozen=True, slots=True)
class SemMbtOptions:
    """Choices of the network; the defaults are the paper's sizes.

    Attributes:
        sem_keys: "tokens" (ours), "cls_spatial", "paper", or "none" for no semantic enhancement.
        encoder: "bottleneck" (the paper's), "joint" or "bidirectional".
        text_decision: False decides by sound and picture alone; the words then only guide them.
        vggish_width, vggish_dense, resnet_width: channels of the first group, dense layers, channels of the first stage.
        model_dim, num_heads, num_tokens: of the cross-modal layer.
        picture_size: side of a face in pixels.
        dropout: before the decisions.
    """

    sem_keys: str = "tokens"
    encoder: str = "bottleneck"
    text_decision: bool = True
    vggish_width: int = 64
    vggish_dense: int = 4096
    resnet_width: int = 64
    model_dim: int = 64
    num_heads: int = 8
    num_tokens: int = 4
    picture_size: int = 224
    dropout: float = 0.1


SMALL = SemMbtOptions(vggish_width=8, vggish_dense=256, resnet_width=16, picture_size=48, dropout=0.2)


class SemMbt(nn.Module):
    """Everything after the text states.

    Args:
        text_dim: of a word's state.
        options: see `SemMbtOptions`.
    """

    def __init__(self, text_dim: int, options: SemMbtOptions) -> None:
        super().__init__()
        self.options, self.text_dim = options, text_dim
        self.vggish = VGGish(options.vggish_width, options.vggish_dense, text_dim, options.sem_keys)
        self.resnet = ResNet18(options.resnet_width, text_dim, options.sem_keys)
        width = options.model_dim
        self.sound_projection = nn.Linear(VGGISH_DIM, width)
        self.picture_projection = nn.Linear(self.resnet.width_out, width)
        self.encoder = build_encoder(options.encoder, width, options.num_heads, options.num_tokens)
        dims = {"voice": width, "face": width, "words": text_dim}
        self.heads = nn.ModuleDict({name: _head(size, options.dropout) for name, size in dims.items()})
        self.decision = AttentiveDecision(NUM_EMOTIONS)

    def forward(self, prepared: Prepared) -> Tensor:
        """{modality: prepared rows and mask} -> (b, num_emotions) logits, one against the rest.

        Args:
            prepared: voice (b, t, 64 * 96) log-mel steps, face (b, t, 3 * s * s) pictures, words (b, l, text_dim) states.

        Raises:
            ConfigError: nothing of what the network decides by is given.
        """
        scores, present = self.scores(prepared)
        decided: Tensor = self.decision(scores, present)[0]
        return decided

    def scores(self, prepared: Prepared) -> tuple[Tensor, Tensor]:
        """(b, 3, num_emotions) scores of voice, face and words, and the (b, 3) there are."""
        if not prepared:
            raise ConfigError("None of the modalities was given.")
        count = len(next(iter(prepared.values()))[0])
        words, word_mask = prepared.get(Modality.WORDS, (torch.zeros(count, 1, self.text_dim), torch.zeros(count, 1).bool()))
        size = self.options.picture_size
        sound, sound_mask = self._steps(prepared, Modality.VOICE, (1, 64, 96), words, word_mask)
        picture, picture_mask = self._steps(prepared, Modality.FACE, (3, size, size), words, word_mask)
        sound, picture = self.encoder(sound, picture, sound_mask, picture_mask)
        pooled = {"voice": _mean(sound, sound_mask), "face": _mean(picture, picture_mask), "words": words[:, 0]}
        scores = torch.stack([self.heads[name](value) for name, value in pooled.items()], 1)
        present = torch.stack([sound_mask.any(1), picture_mask.any(1), word_mask.any(1)], 1)
        if not self.options.text_decision:
            present = present & torch.tensor([True, True, False])
        return scores, present

    def _steps(
        self, prepared: Prepared, modality: Modality, shape: tuple[int, int, int], words: Tensor, word_mask: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(b, t, model_dim) of each step that is there, through its guided backbone, with positions; and (b, t)."""
        if modality not in prepared:
            return torch.zeros(len(words), 1, self.options.model_dim), torch.zeros(len(words), 1, dtype=torch.bool)
        rows, mask = prepared[modality]
        clips = torch.arange(len(rows))[:, None].expand(mask.shape)[mask]
        inputs = rows[mask].reshape(-1, *shape)
        guide = words[clips], word_mask[clips]
        found = torch.zeros(*mask.shape, self.options.model_dim)
        if len(inputs):
            if modality is Modality.VOICE:
                values = self.sound_projection(self.vggish(inputs.transpose(2, 3), guide))
            else:
                values = self.picture_projection(self.resnet(inputs, guide))
            found = found.masked_scatter(mask[..., None], values)
        return found + positions(mask.shape[1], self.options.model_dim) * mask[..., None], mask

    @property
    def settings(self) -> dict[str, Any]:
        """For the profile."""
        return {"text_dim": self.text_dim, "options": asdict(self.options)}


class SemMbtSystem(nn.Module):
    """The frozen or trained text states, and the network."""

    def __init__(self, text: nn.Module, network: SemMbt) -> None:
        super().__init__()
        self.text = text
        self.network = network


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    weights = mask.unsqueeze(-1).to(values.dtype)
    return (values * weights).sum(1) / weights.sum(1).clamp_min(1)


def _head(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 64), nn.ReLU(), nn.Dropout(dropout), nn.Linear(64, NUM_EMOTIONS))
