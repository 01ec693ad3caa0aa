"""Face crops to embeddings, through the vision tower of CLIP, EmotionCLIP or the starter."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.encoders.card import Card, read_card
from emoasst_core.encoders.compute_device import ComputeDevice, choose_device
from emoasst_core.encoders.face_normalisation import limit_detail, sharpen_soft, standardise, standardise_face, to_grey
from emoasst_core.encoders.open_clip_network import load_tower
from emoasst_core.errors import ModelError

BATCH_SIZE: Final = 64


class VisionEncoder:
    """A vision tower and the preparation its card asks for.

    Args:
        folder: holds `open_clip_model.safetensors`, and `open_clip_config.json` or a card that names an architecture.
        device: chosen here if None.
        batch_size: pictures at a time; changes memory and speed, not the embeddings.

    Raises:
        ModelError: a file is missing, damaged or of another kind.
    """

    modality = Modality.FACE
    num_parameters: int  # weights of the tower

    def __init__(self, folder: Path, device: ComputeDevice | None = None, batch_size: int = BATCH_SIZE) -> None:
        self.folder = folder
        self.card = read_card(folder, "open_clip")
        self.device = device or choose_device()
        self.batch_size = batch_size
        tower = load_tower(folder, self.card, "vision")
        if self.card.person_token:
            add_person_token(tower)
        self.image_size = _image_size(tower)
        tower.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # a quarter faster on a CPU
        self.num_parameters = sum(weight.numel() for weight in tower.parameters())
        self.tower = tower.to(self.device.name).eval()
        if self.device == ComputeDevice("cpu"):
            self.tower = fold_norms(self.tower, self.image_size)
        self.embed_dim = len(self._run(torch.zeros(1, 3, self.image_size, self.image_size))[0])

    def embed(self, crops: Sequence[NDArray[np.uint8]]) -> Vector:
        """Embed face crops.

        Args:
            crops: n pictures, (h, w, 3) uint8 RGB, each of any size.

        Returns:
            (n, embed_dim) float32, every row of length 1.

        Raises:
            ModelError: a crop is no (h, w, 3) uint8 picture.
        """
        if not crops:
            return np.zeros((0, self.embed_dim), np.float32)
        rows = []
        for start in range(0, len(crops), self.batch_size):
            batch = torch.stack([self.prepare(crop) for crop in crops[start : start + self.batch_size]])
            if self.card.mirror:
                both = self._run(torch.cat([batch, batch.flip(-1)]))
                rows.append(F.normalize(both[: len(batch)] + both[len(batch) :], dim=-1))
            else:
                rows.append(self._run(batch))
        result: Vector = torch.cat(rows).numpy()
        return result

    def prepare(self, crop: NDArray[np.uint8]) -> Tensor:
        """(h, w, 3) uint8 -> (3, image_size, image_size) as the tower was trained to see it."""
        if crop.ndim != 3 or crop.shape[2] != 3 or crop.dtype != np.uint8 or 0 in crop.shape:
            raise ModelError(f"A face crop must be (height, width, 3) of uint8, got {crop.shape} of {crop.dtype}.")
        picture = torch.from_numpy(np.ascontiguousarray(crop)).permute(2, 0, 1).unsqueeze(0).float().div_(255)
        return prepare_picture(picture, self.card, self.image_size)[0]

    @torch.inference_mode()
    def _run(self, batch: Tensor) -> Tensor:
        with self.device.autocast():
            embeddings = self.tower(batch.contiguous(memory_format=torch.channels_last).to(self.device.name))
        return F.normalize(embeddings.float(), dim=-1).cpu()


@torch.inference_mode()
def fold_norms(tower: nn.Module, image_size: int) -> nn.Module:
    """A convolutional tower with every batch normalisation folded into the convolution before it; any other as it is.

    On one core the starter's tower then takes 3.5 ms a picture in place of 7; embeddings differ by 2e-7 at most. (For a single
    picture of ordinary layers torch does not choose oneDNN's convolutions by itself; for frozen ones it does.)
    """
    if not any(isinstance(part, nn.BatchNorm2d) for part in tower.modules()):
        return tower
    picture = torch.zeros(1, 3, image_size, image_size).contiguous(memory_format=torch.channels_last)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", (DeprecationWarning, FutureWarning))  # torch.export, its successor, folds nothing
        traced = torch.jit.trace(tower, picture, check_trace=False)  # type: ignore[no-untyped-call]
        frozen: nn.Module = torch.jit.freeze(traced)
    return frozen


def prepare_picture(picture: Tensor, card: Card, image_size: int) -> Tensor:
    """Crop, resize and normalise as a card says.

    A small crop is enlarged exactly as in training; a large one is shrunk with antialiasing, first to the resolution that
    the tower learned from where the card names one.

    Args:
        picture: (b, 3, h, w) RGB in [0, 1].

    Returns:
        (b, 3, image_size, image_size).
    """
    if card.resize_mode == "shortest":
        side = max(1, round(card.crop_fraction * min(picture.shape[2:])))
        top, left = ((length - side) // 2 for length in picture.shape[2:])
        picture = picture[:, :, top : top + side, left : left + side]
    if card.color != "rgb":
        picture = to_grey(picture)
    if card.detail_px:
        picture = limit_detail(picture, card.detail_px)
    picture = F.interpolate(picture, (image_size, image_size), mode=card.interpolation, align_corners=False, antialias=True)
    if card.color == "grey_face":
        return standardise_face(sharpen_soft(picture, card.fine_detail) if card.fine_detail else picture)
    if card.color == "grey":
        return standardise(picture)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (card.mean, card.std))
    return (picture.clamp(0, 1) - mean) / std


class PersonToken(nn.Module):
    """EmotionCLIP's subject token: one more token, the sum of the position embeddings of the patches the person covers.

    A face crop is all person, so every patch counts (Zhang, Pan & Wang 2023, section 3.2, with a mask of ones). It stands
    where the tower normalises its tokens, just before the transformer.
    """

    def __init__(self, norm: nn.Module, positions: Tensor) -> None:
        super().__init__()
        self.norm = norm
        self.register_buffer("token", positions[1:].sum(0).view(1, 1, -1), persistent=False)

    def forward(self, tokens: Tensor) -> Tensor:
        """(b, 1 + num_patches, width) -> (b, 2 + num_patches, width), normalised."""
        token: Tensor = self.get_buffer("token").to(tokens.dtype).expand(len(tokens), -1, -1)
        result: Tensor = self.norm(torch.cat([tokens, token], 1))
        return result


def add_person_token(tower: nn.Module) -> None:
    """Let a vision transformer see EmotionCLIP's extra token.

    Raises:
        ModelError: the tower is no CLIP vision transformer.
    """
    norm, positions = getattr(tower, "ln_pre", None), getattr(tower, "positional_embedding", None)
    if not isinstance(norm, nn.Module) or not isinstance(positions, Tensor):
        raise ModelError("Only a CLIP vision transformer can take the person token its card asks for.")
    tower.ln_pre = PersonToken(norm, positions.detach())


def _image_size(tower: nn.Module) -> int:
    size = getattr(tower, "image_size", None)
    if isinstance(size, int):
        return size
    if not isinstance(size, tuple) or len(set(size)) != 1:
        raise ModelError(f"The tower takes pictures of {size}; only square ones are supported.")
    return int(size[0])
