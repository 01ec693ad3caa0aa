"""One fine-tuned transformer per modality: features before its last layer, and the last layer's logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.encoders.offline import forbid_network
from emoasst_core.encoders.torchvision_ops import ensure_torchvision_imports
from emoasst_core.errors import ModelError
from emoasst_core.systems.clip_towers import HybridStem
from emoasst_core.systems.mel_pictures import MelOptions, log_mel
from emoasst_core.systems.text_states import TOKENIZER_FILE, BertStates

SPEECH_KINDS: Final = ("wav2vec2", "hubert", "audio-spectrogram-transformer")
MAX_SPEECH_S: Final = 10.0
AST_HOP_S: Final = 0.010


class FineTuned(nn.Module):
    """A transformer and its classifier.

    Subclasses turn prepared inputs into (b, width) features, normalised over their values so that their length is known.
    """

    def __init__(self, width: int, dropout: float = 0.1) -> None:
        super().__init__()
        self.width = width
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(width, NUM_EMOTIONS)

    def pooled(self, inputs: Sequence[Any]) -> Tensor:
        """(b, width) before normalisation."""
        raise NotImplementedError

    def features(self, inputs: Sequence[Any]) -> Tensor:
        """(b, width), each row of mean 0 and variance 1."""
        return F.layer_norm(self.pooled(inputs), (self.width,))

    def forward(self, inputs: Sequence[Any]) -> Tensor:
        """(b, num_emotions) logits."""
        result: Tensor = self.head(self.dropout(self.features(inputs)))
        return result


class TextEncoder(FineTuned):
    """BERT, RoBERTa or DistilBERT; the first token's state."""

    def __init__(self, settings: Mapping[str, Any], folder: Path) -> None:
        states = BertStates(settings["kind"], settings["config"], folder / TOKENIZER_FILE)
        super().__init__(states.width)
        self.states = states

    def pooled(self, inputs: Sequence[str]) -> Tensor:
        """b texts -> (b, width)."""
        return self.states.raw_states(inputs)[0][:, 0]


class SpeechEncoder(FineTuned):
    """wav2vec 2.0 or HuBERT (mean over time: they have no sentence token), or AST (its two class tokens).

    Args:
        settings: {"kind": one of `SPEECH_KINDS`, "config": fields of its transformers configuration}.

    Raises:
        ModelError: another kind.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        if settings["kind"] not in SPEECH_KINDS:
            raise ModelError(f"Unknown speech model {settings['kind']!r}.", f"Known: {', '.join(SPEECH_KINDS)}.")
        network = build_model(settings["kind"], settings["config"])
        super().__init__(int(network.config.hidden_size))
        self.is_ast = settings["kind"] == "audio-spectrogram-transformer"
        self.network = network
        if self.is_ast:
            self.mel = MelOptions(int(network.config.num_mel_bins), 0.025, AST_HOP_S, 1.0, 1)

    def prepare(self, samples: Any) -> Tensor:
        """(n,) sound -> what `pooled` takes: (max_length, mels) for AST, (n,) of mean 0 and variance 1 for the others."""
        kept = samples[: int(MAX_SPEECH_S * 16_000)]
        if not self.is_ast:
            sound = torch.from_numpy(kept).float()
            return (sound - sound.mean()) / (sound.var(correction=0) + 1e-7).sqrt()
        length = int(self.network.config.max_length)
        mels = log_mel(kept, self.mel).T[:length]
        return F.pad(mels, (0, 0, 0, length - len(mels))) / 2  # AST's own statistics give mean 0 and deviation 0.5

    def pooled(self, inputs: Sequence[Tensor]) -> Tensor:
        """b prepared clips -> (b, width). wav2vec 2.0 and HuBERT hear one at a time, so that no clip's padding is heard."""
        if self.is_ast:
            result: Tensor = self.network(input_values=torch.stack(list(inputs))).pooler_output
            return result
        return torch.cat([self.network(sound[None]).last_hidden_state.mean(1) for sound in inputs])


class VideoEncoder(FineTuned):
    """VideoMAE; the normalised mean of its tokens.

    Args:
        settings: {"config": fields of VideoMAEConfig, "hybrid_stem": None or arguments of `HybridStem`}.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        network = build_model("videomae", settings["config"])
        super().__init__(int(network.config.hidden_size))
        self.network = network
        self.norm = nn.LayerNorm(self.width)
        self.size, self.num_frames = int(network.config.image_size), int(network.config.num_frames)
        self.stem: HybridStem | None = None
        if settings.get("hybrid_stem"):
            self.stem = HybridStem(width_out=self.width, **settings["hybrid_stem"])
            self.network.embeddings.patch_embeddings = Tubelets(self.stem, int(network.config.tubelet_size))
        grid = self.size // int(network.config.patch_size)
        self.frame_shape = (int(settings["hybrid_stem"]["width"]), grid, grid) if self.stem else (3, self.size, self.size)

    def prepare(self, pictures: Tensor) -> Tensor:
        """(t, 3, s, s) pictures of mean 0 and variance 1 -> what `pooled` takes: those, or the frozen stem's maps of them."""
        if self.stem is None:
            return pictures
        with torch.no_grad():
            result: Tensor = self.stem.trunk(pictures)
        return result

    def pooled(self, inputs: Sequence[Tensor]) -> Tensor:
        """b of (num_frames, 3, s, s) or maps -> (b, width)."""
        states = self.network(pixel_values=torch.stack(list(inputs))).last_hidden_state
        result: Tensor = self.norm(states.mean(1))
        return result


class Tubelets(nn.Module):
    """Maps of frames as VideoMAE's tokens: neighbours in time are averaged into one."""

    def __init__(self, stem: HybridStem, tubelet_size: int) -> None:
        super().__init__()
        self.projection = stem.projection
        self.tubelet_size = tubelet_size

    def forward(self, maps: Tensor) -> Tensor:
        """(b, t, width, grid, grid) -> (b, t / tubelet_size * grid * grid, hidden)."""
        count, length = maps.shape[:2]
        tokens = self.projection(maps.flatten(0, 1)).flatten(2).transpose(1, 2)
        tokens = tokens.reshape(count, length // self.tubelet_size, self.tubelet_size, *tokens.shape[1:]).mean(2)
        result: Tensor = tokens.flatten(1, 2)
        return result


def build_model(model_type: str, config: Mapping[str, Any]) -> Any:
    """A transformers model of a configuration, with random weights.

    Raises:
        ModelError: transformers refuses the fields.
    """
    forbid_network()
    ensure_torchvision_imports()
    from transformers import AutoConfig, AutoModel

    values = {name: value for name, value in config.items() if name not in ("model_type", "architectures")}
    if model_type in ("wav2vec2", "hubert"):
        values |= {"mask_time_prob": 0.0, "apply_spec_augment": False, "layerdrop": 0.0}
    try:
        return AutoModel.from_config(AutoConfig.for_model(model_type, **values))
    except (TypeError, ValueError, KeyError) as error:
        raise ModelError(f"transformers cannot build this {model_type}: {error}.", "Check config.json.") from error
