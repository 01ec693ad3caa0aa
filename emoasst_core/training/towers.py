"""The frozen towers that features come from, opened from model folders."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.encoders.checkpoints import folder_hash
from emoasst_core.encoders.compute_device import choose_device
from emoasst_core.encoders.encoder import PictureEncoder, SoundEncoder, WordsEncoder
from emoasst_core.paths import assets_folder
from emoasst_core.profile import read_profile, resolve_profile


@dataclass(frozen=True, slots=True)
class Towers:
    """Frozen encoders and the prompts; a tower that is None leaves its modality out.

    Attributes:
        vision: pictures to vectors.
        audio: sound to states.
        text: sentences to vectors, in the space of the pictures.
        prompts: the sentences.
        encoder_hash: of all of them.
    """

    vision: PictureEncoder | None
    audio: SoundEncoder | None
    text: WordsEncoder
    prompts: Prompts
    encoder_hash: str

    @property
    def widths(self) -> dict[str, int]:
        """{part of the feature store: numbers per vector}."""
        return {
            "frames": self.vision.embed_dim if self.vision else self.text.embed_dim,
            "audio": self.audio.state_dim if self.audio else 1,
            "text": self.text.embed_dim,
        }


def open_towers(
    vision: Path | None = None, audio: Path | None = None, text: Path | None = None, profile: str = "starter", device: str = ""
) -> Towers:
    """Load towers from folders; what is not named comes from the profile.

    Args:
        vision: open_clip folder; its text tower is used too unless `text` names another one.
        audio: wav2vec 2.0 or log-mel folder.
        text: open_clip folder of the text tower.
        profile: name or folder of a model profile, read only if vision or audio is not named.
        device: "cuda", "cpu" ... or "" to choose.

    Raises:
        ModelError: a folder is missing or damaged.
        ConfigError: there is no such profile.
    """
    from emoasst_core.encoders.audio import AudioEncoder
    from emoasst_core.encoders.text import TextEncoder
    from emoasst_core.encoders.vision import VisionEncoder

    if vision is None or audio is None:
        folder = resolve_profile(profile)
        config = read_profile(folder)
        text = text or vision or folder / config.text
        vision = vision or folder / config.vision
        audio = audio or (folder / config.audio if config.audio else None)
    text = text or vision
    chosen = choose_device(device, half_precision=False)
    prompts_path = assets_folder() / "prompts.toml"
    digest = hashlib.sha256(prompts_path.read_bytes())
    for path in (vision, audio, text):
        digest.update((folder_hash(path) if path else "none").encode())
    return Towers(
        VisionEncoder(vision, chosen),
        AudioEncoder(audio, chosen) if audio else None,
        TextEncoder(text, chosen),
        Prompts.load(prompts_path),
        digest.hexdigest(),
    )
