"""Sound to a row of states: the first layers of wav2vec 2.0 or SEGUE, or the starter's prosody network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import SAMPLE_RATE_HZ, Modality
from emoasst_core.encoders.card import CARD_FILE, Card, read_card, read_json
from emoasst_core.encoders.checkpoints import fill, load_weights, require_file
from emoasst_core.encoders.compute_device import ComputeDevice, choose_device
from emoasst_core.encoders.wav2vec2_network import load_wav2vec2
from emoasst_core.errors import ModelError

if TYPE_CHECKING:
    from emoasst_core.encoders.prosody import ProsodyEncoder

WEIGHT_FILE: Final = "model.safetensors"
VARIANCE_FLOOR: Final = 1e-7  # added to the variance, as wav2vec 2.0's own feature extractor does


class AudioEncoder:
    """A sound network and the preparation its card asks for. One clip at a time, so no clip depends on another.

    Args:
        folder: holds `model.safetensors` and, for wav2vec 2.0, `config.json`; `card.json` says which kind it is.
        device: chosen here if None; the prosody network always runs on the CPU.

    Raises:
        ModelError: a file is missing, damaged or of another kind, or the network takes another sample rate.
    """

    modality = Modality.VOICE

    def __init__(self, folder: Path, device: ComputeDevice | None = None) -> None:
        self.folder = folder
        kind = str(read_json(folder / CARD_FILE).get("kind", "wav2vec2"))
        if kind not in ("wav2vec2", "prosody"):
            raise ModelError(f"The model in {folder} is of kind {kind}, which takes no sound.", "Choose another model folder.")
        self.card: Card = read_card(folder, kind)
        if self.card.sample_rate_hz != SAMPLE_RATE_HZ:
            raise ModelError(
                f"The model in {folder} takes {self.card.sample_rate_hz} Hz; EmoAsst's sound has {SAMPLE_RATE_HZ} Hz."
            )
        self.kind = kind
        self.device = device or choose_device()
        self.network: nn.Module
        if kind == "prosody":
            self._prosody = _load_prosody(folder)
            self.network, self.state_dim = self._prosody.network, self._prosody.state_dim
        else:
            self.network, self.state_dim, self.shortest = load_wav2vec2(folder, self.card.num_layers)
            self.network.to(self.device.name)

    @property
    def num_parameters(self) -> int:
        """Weights of the network."""
        return sum(weight.numel() for weight in self.network.parameters())

    def states(self, samples: NDArray[np.float32]) -> NDArray[np.float32]:
        """Encode one clip.

        Args:
            samples: (n,) sound at 16 kHz in [-1, 1]. Sound shorter than the network's first step is filled up with silence.

        Returns:
            (num_steps, state_dim) float32: one state per 20 ms for wav2vec 2.0, per 40 ms for prosody.

        Raises:
            ModelError: `samples` is not one row of numbers, is empty, or holds what is not a number.
        """
        if samples.ndim != 1 or not len(samples) or not np.isfinite(samples).all():
            raise ModelError(f"Sound must be one row of finite samples, got {samples.shape} of {samples.dtype}.")
        sound = np.ascontiguousarray(samples, np.float32)
        if self.kind == "prosody":
            return self._prosody.states(sound)
        return self._run(torch.from_numpy(normalise_sound(sound) if self.card.normalise_sound else sound))

    @torch.inference_mode()
    def _run(self, sound: Tensor) -> NDArray[np.float32]:
        sound = nn.functional.pad(sound, (0, max(0, self.shortest - len(sound))))
        with self.device.autocast():
            states = self.network(sound.unsqueeze(0).to(self.device.name)).last_hidden_state
        result: NDArray[np.float32] = states[0].float().cpu().numpy()
        return result


def normalise_sound(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n,) -> (n,) with mean 0 and variance 1."""
    result: NDArray[np.float32] = (samples - samples.mean()) / np.sqrt(samples.var() + VARIANCE_FLOOR)
    return result.astype(np.float32)


def _load_prosody(folder: Path) -> ProsodyEncoder:
    from emoasst_core.encoders.prosody import ProsodyEncoder, ProsodyNetwork

    weights = load_weights(require_file(folder, WEIGHT_FILE))
    sizes = [weights.get(name) for name in ("mel_entry.weight", "halve.weight")]
    if any(size is None for size in sizes):
        raise ModelError(f"{folder / WEIGHT_FILE} holds no prosody network.", "Choose another model folder.")
    network = ProsodyNetwork(*(len(size) for size in sizes if size is not None))
    fill(network, weights, folder)
    return ProsodyEncoder(network)
