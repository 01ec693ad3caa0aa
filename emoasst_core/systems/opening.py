"""Open whatever system a profile holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Final

from emoasst_core.datatypes import Shot
from emoasst_core.errors import ConfigError
from emoasst_core.profile import encoder_hash, read_profile, resolve_profile
from emoasst_core.systems.profile import EMOASST, hash_of, read_system_profile, require_system, system_of
from emoasst_core.systems.recogniser import Recogniser

CLASSES: Final = {
    EMOASST: ("emoasst_core.recogniser", "Recogniser"),
    "mer-clip": ("emoasst_core.systems.mer_clip.recogniser", "MerClipRecogniser"),
    "emovclip": ("emoasst_core.systems.emovclip.recogniser", "EmoVClipRecogniser"),
    "transformer-svm": ("emoasst_core.systems.transformer_svm.recogniser", "TransformerSvmRecogniser"),
    "sem-mbt": ("emoasst_core.systems.sem_mbt.recogniser", "SemMbtRecogniser"),
}


def open_recogniser(profile: str | Path = "starter", shots: Sequence[Shot] = ()) -> Recogniser:
    """Load the models of a profile, of whichever system it is.

    Args:
        profile: name of an installed or bundled profile, or its folder.
        shots: the family's corrections.

    Raises:
        ConfigError: there is no such profile.
        ModelError: a part of it is missing or damaged.
        CacheError: a shot belongs to other encoders.
    """
    folder = resolve_profile(profile)
    module, name = CLASSES[system_of(folder)]
    make: Callable[[Path, Sequence[Shot]], Recogniser] = getattr(import_module(module), name)
    return make(folder, shots)


def hash_of_profile(folder: Path) -> str:
    """Hash of a profile's encoders, of whichever system, without loading them; what shots are tied to.

    Raises:
        ModelError: the profile is missing or damaged.
    """
    if system_of(folder) == EMOASST:
        return encoder_hash(folder, read_profile(folder))
    return hash_of(folder, read_system_profile(folder))


def profile_of_system(system: str, profile: str = "") -> str:
    """The profile to open when somebody asks for a system.

    Args:
        system: one of `SYSTEMS`.
        profile: name or folder if one was given; else the profile called like the system (EmoAsst: the starter).

    Raises:
        ConfigError: no such system or profile, or the profile is of another system.
    """
    wanted = require_system(system)
    name = profile or ("starter" if wanted == EMOASST else wanted)
    try:
        found = system_of(resolve_profile(name))
    except ConfigError as error:
        step = f"Train one: emoasst train --system {wanted} --data FOLDER --out FOLDER, then give --profile FOLDER."
        raise ConfigError(error.message, step) from error
    if found != wanted:
        raise ConfigError(f"The profile {name} is of {found}, not of {wanted}.", "Give a --profile of that system.")
    return name
