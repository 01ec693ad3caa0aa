"""One vector for a voice: HuBERT's last layers, or statistics of the log-mel spectrogram at small size."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor, nn

from emoasst_core.encoders.offline import forbid_network
from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports
from emoasst_core.errors import ModelError
from emoasst_core.systems.mel_pictures import MelOptions, log_mel

NUM_LAST_LAYERS: Final = 4  # their states are summed
STATISTICS_MEL: Final = MelOptions(64, 0.025, 0.010, 1.0, 1, 60.0, 7600.0)
# transformers' HubertConfig of hubert-large (the Chinese one has the same sizes)
HUBERT_LARGE: Final[dict[str, Any]] = {
    "hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096,
    "feat_extract_norm": "layer", "do_stable_layer_norm": True, "conv_bias": True,
}  # fmt: skip


class MelStatistics(nn.Module):
    """Mean, spread and mean change of every mel band: no weights, nothing learned, nothing that has seen a label."""

    width = 3 * STATISTICS_MEL.num_mels

    def forward(self, samples: Tensor) -> Tensor:
        """(n,) sound at 16 kHz -> (192,)."""
        mels = log_mel(samples.numpy(), STATISTICS_MEL)
        change = mels.diff(dim=1).abs() if mels.shape[1] > 1 else torch.zeros_like(mels)
        return torch.cat([mels.mean(1), mels.std(1, correction=0), change.mean(1)])


class HubertFeatures(nn.Module):
    """Mean over time of the sum of HuBERT's last four layers.

    Args:
        config: fields of transformers' `HubertConfig`.
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        super().__init__()
        forbid_network()
        ensure_torchvision_imports()
        from transformers import HubertConfig, HubertModel

        values = {name: value for name, value in config.items() if name not in ("model_type", "architectures")}
        settings = HubertConfig(**{**values, "layerdrop": 0.0, "apply_spec_augment": False, "mask_time_prob": 0.0})
        self.network: Any = HubertModel(settings)
        self.width = int(settings.hidden_size)

    def forward(self, samples: Tensor) -> Tensor:
        """(n,) sound at 16 kHz -> (hidden_size,)."""
        normal = (samples - samples.mean()) / (samples.var(correction=0) + 1e-7).sqrt()
        states = self.network(normal[None], output_hidden_states=True).hidden_states
        result: Tensor = torch.stack(states[-NUM_LAST_LAYERS:]).sum(0)[0].mean(0)
        return result


def build_speech(settings: Mapping[str, Any]) -> Any:
    """The speech model of {"kind": "mel-statistics"} or {"kind": "hubert", "config": {...}}, with random weights.

    Raises:
        ModelError: another kind.
    """
    kind = settings.get("kind")
    if kind == "mel-statistics":
        return MelStatistics()
    if kind == "hubert":
        return HubertFeatures(settings["config"])
    raise ModelError(f"Unknown kind of speech model {kind!r}.", "Known: mel-statistics, hubert.")
