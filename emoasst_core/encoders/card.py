"""What is known of a checkpoint and must never be guessed: where it is from, and how its input is to be prepared."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from emoasst_core.errors import ModelError

CARD_FILE = "card.json"
CONFIG_FILE = "open_clip_config.json"
KINDS = ("open_clip", "wav2vec2", "prosody", "grams", "face_detector", "transcriber")
CHOICES = {
    "kind": KINDS,
    "activation": ("gelu", "quick_gelu"),
    "color": ("rgb", "grey", "grey_face"),
    "interpolation": ("bilinear", "bicubic"),
    "resize_mode": ("shortest", "squash"),
}

Triple = tuple[float, float, float]
CLIP_MEAN: Triple = (0.48145466, 0.4578275, 0.40821073)  # of CLIP's own 400 million pictures
CLIP_STD: Triple = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True, slots=True)
class Card:
    """One checkpoint. Written as `card.json` beside the weights.

    Attributes:
        source, licence, revision, sha256: where the weights are from; sha256 is that of the file as published.
        architecture: open_clip's name of the network ("ViT-B-32"), needed only where the folder holds no configuration.
        activation: the network was trained with "gelu" or with "quick_gelu"; the other one gives wrong embeddings silently.
        mean, std: of each colour, for pictures in [0, 1]. EmotionCLIP keeps ImageNet's, CLIP its own.
        color: "grey" takes the crop's colour, brightness and contrast out (see `face_normalisation`) instead of mean and std,
            "grey_face" with the brightness and contrast of the face alone.
        interpolation: how a crop is brought to the tower's size.
        resize_mode: "shortest" cuts the central square out first, "squash" resizes as it is.
        crop_fraction: share of that square's side that is kept (EmotionCLIP: 224 of 256).
        detail_px: resolution of the pictures the tower learned from; a larger crop is shrunk to it first. 0: not.
        fine_detail: a softer face is sharpened up to this, see `face_normalisation.sharpen_soft`. 0: not. "grey_face" only.
        mirror: average with the embedding of the mirror image.
        person_token: EmotionCLIP's extra token, the sum of the position embeddings that the person covers.
        sample_rate_hz: of the sound.
        normalise_sound: bring each clip to mean 0 and variance 1 first.
        num_layers: transformer layers kept of a wav2vec 2.0 (EmoAsst: the first 9 of 12).
    """

    name: str
    kind: str
    source: str = ""
    licence: str = ""
    revision: str = ""
    sha256: str = ""
    architecture: str = ""
    activation: str = "gelu"
    mean: Triple = CLIP_MEAN
    std: Triple = CLIP_STD
    color: str = "rgb"
    interpolation: str = "bicubic"
    resize_mode: str = "shortest"
    crop_fraction: float = 1.0
    detail_px: int = 0
    fine_detail: float = 0.0
    mirror: bool = False
    person_token: bool = False
    sample_rate_hz: int = 16_000
    normalise_sound: bool = True
    num_layers: int = 9

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            if getattr(self, name) not in allowed:
                raise ModelError(
                    f"The card of {self.name} says {name} = {getattr(self, name)!r}.", f"Known: {', '.join(allowed)}."
                )
        for name in ("mean", "std"):
            if len(getattr(self, name)) != 3:
                raise ModelError(f"The card of {self.name} must give three numbers for {name}.")
        if self.detail_px and self.detail_px < 16:
            raise ModelError(f"The card of {self.name} says detail_px = {self.detail_px}; it must be 0, or 16 or more.")
        if not 0.0 <= self.fine_detail <= 2.0:
            raise ModelError(f"The card of {self.name} says fine_detail = {self.fine_detail}; it must be in 0 to 2.")
        if not 0.1 <= self.crop_fraction <= 1.0:
            raise ModelError(f"The card of {self.name} says crop_fraction = {self.crop_fraction}; it must be in 0.1 to 1.")

    def write(self, folder: Path) -> None:
        """Save as `card.json` in `folder`."""
        (folder / CARD_FILE).write_text(json.dumps(asdict(self), indent=2) + "\n", "utf-8")


def read_card(folder: Path, kind: str) -> Card:
    """Read a model folder's card.

    `preprocess_cfg` of an `open_clip_config.json` and `preprocessor_config.json` of a wav2vec 2.0 fill in what `card.json`
    leaves out, so that a folder straight from open_clip or transformers needs no card.

    Raises:
        ModelError: a file is not JSON, the card has an unknown field or value, or is of another kind.
    """
    known = {spec.name for spec in fields(Card)}
    values: dict[str, Any] = {"name": folder.name, "kind": kind}
    config = read_json(folder / CONFIG_FILE)
    values.update({name: value for name, value in config.get("preprocess_cfg", {}).items() if name in known})
    values["activation"] = "quick_gelu" if config.get("model_cfg", {}).get("quick_gelu") else "gelu"
    values["normalise_sound"] = bool(read_json(folder / "preprocessor_config.json").get("do_normalize", True))
    stated = read_json(folder / CARD_FILE)
    if unknown := set(stated) - known:
        raise ModelError(f"{folder / CARD_FILE} has unknown fields: {', '.join(sorted(unknown))}.")
    card = card_from({**values, **stated})
    if card.kind != kind:
        raise ModelError(f"The model in {folder} is of kind {card.kind}, but {kind} is needed.", "Choose another model folder.")
    return card


def card_from(values: Mapping[str, Any]) -> Card:
    """Build a card from JSON or TOML values (lists become tuples).

    Raises:
        ModelError: a value is of the wrong type or not allowed.
    """
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
    try:
        return Card(**given)
    except TypeError as error:
        raise ModelError(f"The card of {values.get('name', 'a model')} cannot be used: {error}.") from error


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where there is no such file.

    Raises:
        ModelError: the file cannot be read or holds no object.
    """
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Download or import the model again.") from error
    if not isinstance(value, dict):
        raise ModelError(f"{path} does not hold a JSON object.", "Download or import the model again.")
    return value
