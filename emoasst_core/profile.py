"""A model profile: one folder that says which towers, heads, prompts and constants make a recogniser, and the code that opens it.

The bundled starter and a full-size EmoAsst (CLIP ViT-B/32, wav2vec 2.0) differ only in what this folder holds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from emoasst_core.datatypes import Modality
from emoasst_core.errors import ConfigError, ModelError
from emoasst_core.paths import profile_folder

PROFILE_FILE = "profile.json"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class ProfileConfig:
    """What profile.json says.

    Attributes:
        vision, text, audio: folders of the towers, relative to the profile; audio may be "" (a profile without sound).
        words: folder of the encoder that reads transcripts; "" where the text tower reads them, without what was said before.
        heads: safetensors file of the Visual Fusion Module and the auditory adapter.
        visual_fusion_module, auditory_adapter: their sizes.
        num_frames: face frames per utterance or window.
        max_sound_s: longer utterances are embedded piece by piece and averaged.
        min_words: shorter transcripts say nothing about feelings (with `words`: if they are fillers only).
        zero_shot: {modality: {"scale": s, "bias": [one per emotion]}}.
        alphas, beta: of the paper's shot cache, Eq. 3-4.
        reliabilities: how far each modality is trusted when several are present.
        calibration: {"face": {...}, "face+voice": {...}}, see `classifier.calibration`.
        cues: thresholds of the cue policy that this model needs to keep the release gates.
        memory: how the family's shots are used: "mode" (personal or paper), "constants" of the personal memory
            (`classifier.memory_constants`), and "source", the file with class texts, class means and exemplars.
    """

    name: str
    version: str
    summary: str
    vision: str
    text: str
    audio: str
    heads: str
    visual_fusion_module: Mapping[str, Any]
    auditory_adapter: Mapping[str, Any] | None
    num_frames: int
    max_sound_s: float
    min_words: int
    zero_shot: Mapping[str, Mapping[str, Any]]
    alphas: Mapping[str, float]
    beta: float
    reliabilities: Mapping[str, float]
    calibration: Mapping[str, Any] = field(default_factory=dict)
    cues: Mapping[str, float] = field(default_factory=dict)
    words: str = ""
    memory: Mapping[str, Any] = field(default_factory=dict)


def read_profile(folder: Path) -> ProfileConfig:
    """Read and check profile.json.

    Raises:
        ModelError: the folder or file is missing, not JSON, of a newer format, or lacks a field.
    """
    path = folder / PROFILE_FILE
    if not path.exists():
        raise ModelError(f"There is no model profile in {folder}.", "See `emoasst models list` for those installed.")
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Import the model again.") from error
    if values.pop("format", None) != FORMAT:
        raise ModelError(f"{path} is of another format than this program reads.", "Update EmoAsst or import the model again.")
    try:
        config = ProfileConfig(**values)
    except TypeError as error:
        raise ModelError(f"{path} lacks a field or has one too many: {error}.", "Import the model again.") from error
    for name in (*config.zero_shot, *config.alphas, *config.reliabilities):
        if name not in {modality.value for modality in Modality}:
            raise ModelError(f"{path} names the unknown modality {name!r}.", "Known: face, voice, words.")
    return config


def resolve_profile(name_or_folder: str | Path) -> Path:
    """Folder of a profile given by name or by path.

    Raises:
        ConfigError: neither exists; names the profiles that do.
    """
    as_path = Path(name_or_folder).expanduser()
    if (as_path / PROFILE_FILE).exists():
        return as_path
    folder = profile_folder(str(name_or_folder))
    if not (folder / PROFILE_FILE).exists():
        if as_path.is_dir():
            raise ConfigError(
                f"The folder {as_path} is no model profile: it holds no {PROFILE_FILE}.",
                "A run that learned from faces, with --queries class, is one; measure any with `emoasst eval --run`.",
            )
        raise ConfigError(
            f"There is no model profile called {str(name_or_folder)!r}.", f"Known: {', '.join(list_profiles()) or 'none'}."
        )
    return folder


def list_profiles() -> list[str]:
    """Names of the installed and bundled profiles."""
    from emoasst_core.paths import assets_folder, models_folder

    folders = (models_folder(), assets_folder() / "models")
    found = {path.parent.name for folder in folders if folder.is_dir() for path in folder.glob(f"*/{PROFILE_FILE}")}
    return sorted(found)


def encoder_hash(folder: Path, config: ProfileConfig) -> str:
    """Hash of everything an embedding depends on: weights, preprocessing, sizes; not thresholds or calibration.

    Shots carry it, so that keys made by one model are never compared with queries of another.
    """
    digest = hashlib.sha256()
    sizes = [config.visual_fusion_module, config.auditory_adapter, config.num_frames, config.max_sound_s]
    digest.update(json.dumps(sizes, sort_keys=True, default=dict).encode())
    files: set[Path] = {folder / config.heads}
    for part in {config.vision, config.text, config.audio, config.words} - {""}:
        for pattern in ("*.safetensors", "card.json", "open_clip_config.json", "config.json"):
            files.update((folder / part).glob(pattern))
    for path in sorted(files):
        digest.update(path.relative_to(folder).as_posix().encode())
        with open(path, "rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()
