"""The profile of a system that is not EmoAsst: the same folder and file name, with `system` saying which one it is."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from emoasst_core.errors import ConfigError, ModelError
from emoasst_core.profile import FORMAT, PROFILE_FILE

EMOASST: Final = "emoasst"
SYSTEMS: Final = (EMOASST, "mer-clip", "emovclip", "transformer-svm", "sem-mbt")
WEIGHT_FILE: Final = "network.safetensors"


@dataclass(frozen=True, slots=True)
class SystemProfile:
    """What profile.json says.

    Attributes:
        name: of the profile.
        system: one of `SYSTEMS`.
        network: sizes and choices, as the system's network takes them.
        num_frames: face frames per utterance.
        max_sound_s: sound beyond this is not read.
        min_words: shorter transcripts say nothing about feelings.
        calibration: {"face": {...}, "face+voice": {...}}, see `classifier.calibration`.
        alphas, beta: of the family's shots (Tip-Adapter, EmoAsst Eq. 3-4).
        cues: thresholds of the cue policy that this model needs.
        version, summary: for people.
    """

    name: str
    system: str
    network: Mapping[str, Any]
    num_frames: int
    max_sound_s: float = 10.0
    min_words: int = 1
    calibration: Mapping[str, Any] = field(default_factory=dict)
    alphas: Mapping[str, float] = field(default_factory=lambda: {"face": 1.0, "voice": 1.0, "words": 0.0})
    beta: float = 24.0
    cues: Mapping[str, float] = field(default_factory=dict)
    version: str = "0.1.0"
    summary: str = ""

    def write(self, folder: Path) -> None:
        """Save as profile.json."""
        folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"format": FORMAT, **asdict(self)}, indent=1, ensure_ascii=False)
        temporary = folder / f"{PROFILE_FILE}.writing"
        temporary.write_text(text + "\n", "utf-8")
        temporary.replace(folder / PROFILE_FILE)


def system_of(folder: Path) -> str:
    """Which system a profile folder holds; EmoAsst's own profiles need not say so.

    Raises:
        ModelError: profile.json cannot be read, or names no system of this program.
    """
    path = folder / PROFILE_FILE
    try:
        name = str(json.loads(path.read_text("utf-8")).get("system", EMOASST))
    except (OSError, ValueError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Train or import the model again.") from error
    if name not in SYSTEMS:
        raise ModelError(f"{path} names the unknown system {name!r}.", f"Known: {', '.join(SYSTEMS)}.")
    return name


def read_system_profile(folder: Path) -> SystemProfile:
    """Read and check profile.json of a system.

    Raises:
        ModelError: it is missing, damaged, of another format, or of EmoAsst.
    """
    if system_of(folder) == EMOASST:
        raise ModelError(f"The profile in {folder} is EmoAsst's own.", "Open it as such.")
    values = json.loads((folder / PROFILE_FILE).read_text("utf-8"))
    if values.pop("format", None) != FORMAT:
        raise ModelError(f"The profile in {folder} is of another format than this program reads.", "Update EmoAsst.")
    try:
        return SystemProfile(**values)
    except TypeError as error:
        raise ModelError(f"The profile in {folder} lacks a field or has one too many: {error}.", "Train it again.") from error


def require_system(name: str) -> str:
    """The name itself, underscores allowed.

    Raises:
        ConfigError: there is no such system.
    """
    wanted = name.replace("_", "-").lower()
    if wanted not in SYSTEMS:
        raise ConfigError(f"There is no system called {name!r}.", f"Known: {', '.join(SYSTEMS)}.")
    return wanted


def hash_of(folder: Path, profile: SystemProfile) -> str:
    """Hash of all that an embedding depends on: weights, vocabularies and sizes, not calibration or thresholds."""
    digest = hashlib.sha256()
    sizes = [profile.system, profile.network, profile.num_frames, profile.max_sound_s]
    digest.update(json.dumps(sizes, sort_keys=True, default=dict).encode())
    for path in sorted(path for pattern in ("*.safetensors", "tokenizer.json", "*.npz") for path in folder.rglob(pattern)):
        digest.update(path.relative_to(folder).as_posix().encode())
        with open(path, "rb") as handle:
            digest.update(hashlib.file_digest(handle, "sha256").digest())
    return digest.hexdigest()
