"""Open any data set by its folder or its listing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.crema_d import read_crema_d
from emoasst_core.training.manifests.generic import read_listing
from emoasst_core.training.manifests.iemocap import read_iemocap
from emoasst_core.training.manifests.manifest import Manifest
from emoasst_core.training.manifests.meld import read_meld
from emoasst_core.training.manifests.mer import read_mer
from emoasst_core.training.manifests.mosei import read_mosei, read_mosi
from emoasst_core.training.manifests.ravdess import read_ravdess

READERS: Final[dict[str, Callable[[Path], Manifest]]] = {
    "listing": read_listing,
    "meld": read_meld,
    "iemocap": read_iemocap,
    "mosi": read_mosi,
    "mosei": read_mosei,
    "mer2023": lambda root: read_mer(root, "mer2023"),
    "mer2024": read_mer,
    "ravdess": read_ravdess,
    "crema-d": read_crema_d,
}


def open_manifest(path: Path, kind: str = "auto") -> Manifest:
    """Read a data set.

    Args:
        path: a csv or JSON Lines listing, or the folder of a known collection.
        kind: a key of `READERS`, or "auto" to tell it from what lies there (MER, MOSI and MOSEI look alike: name them).

    Raises:
        ManifestError: the path does not exist or its kind cannot be told.
    """
    if not path.exists():
        raise ManifestError(f"{path} does not exist.", "Give a listing (csv or JSON Lines) or the folder of a known collection.")
    if kind != "auto":
        if kind not in READERS:
            raise ManifestError(f"Unknown kind of data {kind!r}.", f"Known: {', '.join(READERS)}.")
        return READERS[kind](path)
    if path.is_file():
        return read_listing(path)
    if (path / "train_sent_emo.csv").exists():
        return read_meld(path)
    if (path / "Session1").is_dir():
        return read_iemocap(path)
    if any((path / name).is_dir() for name in ("VideoFlash", "AudioWAV")):
        return read_crema_d(path)
    if any(len(found.stem.split("-")) == 7 for found in path.rglob("0?-0?-0?-0?-0?-0?-??.*")):
        return read_ravdess(path)
    raise ManifestError(f"What kind of data lies in {path} cannot be told.", f"Name it: {', '.join(READERS)}.")
