"""Both towers of a CLIP as trainable networks that also give out their token sequences (open_clip, any vision transformer)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.encoders.card import Card, card_from, read_card
from emoasst_core.encoders.checkpoints import load_weights, require_file
from emoasst_core.encoders.open_clip_network import WEIGHT_FILES, build, import_open_clip, model_config
from emoasst_core.encoders.vision import prepare_picture
from emoasst_core.errors import ModelError

# The same code at a size that two cores train in minutes: a picture tower whose 16 patches are the cells of a small convolutional
# network's map (a hybrid vision transformer, Dosovitskiy et al. 2021, 3.1), since patches of pixels need millions of pictures.
SMALL_CLIP: Final[dict[str, Any]] = {
    "embed_dim": 128,
    "vision_cfg": {"image_size": 64, "layers": 4, "width": 128, "head_width": 32, "patch_size": 16},
    "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 128, "heads": 4, "layers": 4},
    "hybrid_stem": {"timm_model_name": "ese_vovnet19b_slim", "num_stages": 3, "width": 384},
}
FULL_CLIP: Final[dict[str, Any]] = {  # ViT-B/32, 151,277,313 parameters
    "embed_dim": 512,
    "vision_cfg": {"image_size": 224, "layers": 12, "width": 768, "patch_size": 32},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 512, "heads": 8, "layers": 12},
}


class HybridStem(nn.Module):
    """The first stages of a convolutional network in the place of the patches' projection.

    Args:
        timm_model_name: a network of timm with `stem` and `stages`.
        num_stages: how many stages; their map must have as many cells as the transformer has patches.
        width: channels of that map.
        width_out: width of the transformer.
    """

    def __init__(self, timm_model_name: str, num_stages: int, width: int, width_out: int) -> None:
        super().__init__()
        import_open_clip()
        import timm

        network = timm.create_model(timm_model_name, pretrained=False)
        self.trunk = nn.Sequential(network.stem, *list(network.stages)[:num_stages])
        self.projection = nn.Conv2d(width, width_out, 1, bias=False)

    def forward(self, pictures: Tensor) -> Tensor:
        """(n, 3, s, s) pictures, or (n, width, grid, grid) maps made of them before -> (n, width_out, grid, grid)."""
        maps = self.trunk(pictures) if pictures.shape[1] == 3 else pictures
        result: Tensor = self.projection(maps)
        return result


class ClipTowers(nn.Module):
    """A CLIP whose towers show their tokens.

    Args:
        model_cfg: open_clip's `model_cfg`.
        card: how its pictures are prepared; CLIP's own way if None.

    Raises:
        ModelError: open_clip cannot build it, or it has no plain vision and text transformer.
    """

    def __init__(self, model_cfg: Mapping[str, Any], card: Card | None = None) -> None:
        super().__init__()
        self.model_cfg = dict(model_cfg)
        self.card = card or Card("clip", "open_clip")
        stem = self.model_cfg.get("hybrid_stem")
        network: Any = build({name: value for name, value in self.model_cfg.items() if name != "hybrid_stem"})
        if not hasattr(network.visual, "_embeds") or not hasattr(network, "token_embedding"):
            raise ModelError("This CLIP has no plain vision and text transformers.", "Choose a ViT, as ViT-B-32.")
        self.visual: Any = network.visual
        if stem:
            self.visual.conv1 = HybridStem(width_out=int(self.model_cfg["vision_cfg"]["width"]), **stem)
        del network.visual
        self.text: Any = network
        self.context_length = int(self.model_cfg["text_cfg"].get("context_length", 77))
        self.tokenizer: Any = import_open_clip().SimpleTokenizer(context_length=self.context_length)
        self.image_size = int(self.model_cfg["vision_cfg"]["image_size"])
        self.embed_dim = int(self.model_cfg["embed_dim"])

    @classmethod
    def from_folder(cls, folder: Path) -> ClipTowers:
        """Build and fill the CLIP of a model folder (open_clip's safetensors layout).

        Raises:
            ModelError: a file is missing, damaged or does not fit.
        """
        card = read_card(folder, "open_clip")
        towers = cls(model_config(folder, card), card)
        weights = load_weights(require_file(folder, *WEIGHT_FILES))
        visual = {name.removeprefix("visual."): value for name, value in weights.items() if name.startswith("visual.")}
        text = {name: value for name, value in weights.items() if not name.startswith("visual.")}
        try:
            towers.visual.load_state_dict(visual)
            # not strict: older files hold the tower's sizes beside its weights
            missing = towers.text.load_state_dict(text, strict=False).missing_keys
        except RuntimeError as error:
            raise ModelError(f"The weights in {folder} do not fit its configuration.", "Import the model again.") from error
        if missing:
            raise ModelError(f"The weights in {folder} lack the text tower's {missing[0]}.", "Import the model again.")
        return towers

    @property
    def settings(self) -> dict[str, Any]:
        """What `from_settings` needs to build it again, without weights."""
        return {"model_cfg": self.model_cfg, "card": {"name": self.card.name, "kind": self.card.kind, "color": self.card.color,
                "activation": self.card.activation, "mean": list(self.card.mean), "std": list(self.card.std)}}  # fmt: skip

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> ClipTowers:
        """The network of `settings` with random weights."""
        return cls(settings["model_cfg"], card_from(settings["card"]))

    def prepare(self, pictures: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> Tensor:
        """n pictures (h, w, 3) uint8 RGB -> (n, 3, image_size, image_size)."""
        rows = [torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / 255 for picture in pictures]
        sizes = {tuple(row.shape) for row in rows}
        if len(sizes) == 1:
            return prepare_picture(torch.cat(rows), self.card, self.image_size)
        return torch.cat([prepare_picture(row, self.card, self.image_size) for row in rows])

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """n texts -> (n, context_length) token numbers."""
        numbers: Tensor = self.tokenizer(list(texts))
        return numbers

    def picture_features(self, pictures: Tensor) -> Tensor:
        """(n, 3, s, s) -> (n, embed_dim) unit vectors, CLIP's CLS token."""
        return F.normalize(self.visual(pictures).float(), dim=-1)

    def text_features(self, numbers: Tensor) -> Tensor:
        """(n, context_length) -> (n, embed_dim) unit vectors, CLIP's end-of-text token."""
        states = self.run_text(self.text.token_embedding(numbers))
        return F.normalize(states[torch.arange(len(numbers)), numbers.argmax(-1)].float(), dim=-1)

    def word_features(self, numbers: Tensor) -> tuple[Tensor, Tensor]:
        """(n, context_length) -> (n, context_length, embed_dim) unit vectors, one per token, and their mask.

        The end-of-text token, which CLIP pools, is one of them; what follows it is masked.
        """
        states = F.normalize(self.run_text(self.text.token_embedding(numbers)).float(), dim=-1)
        places = torch.arange(numbers.shape[1], device=numbers.device)[None]
        return states, (places > 0) & (places <= numbers.argmax(-1, keepdim=True))

    def run_text(self, embeddings: Tensor) -> Tensor:
        """(n, l, width) token embeddings, l up to context_length -> (n, l, embed_dim) projected states."""
        length = embeddings.shape[1]
        hidden = embeddings + self.text.positional_embedding[:length]
        hidden = self.text.transformer(hidden, attn_mask=self.text.attn_mask[:length, :length])
        hidden = self.text.ln_final(hidden)
        projection = self.text.text_projection
        result: Tensor = projection(hidden) if isinstance(projection, nn.Linear) else hidden @ projection
        return result
