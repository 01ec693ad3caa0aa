"""The files of a finished session: timeline.csv, timeline.json and timeline.png, all of them or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from emoasst_core.cues.catalogue import Catalogue
from emoasst_core.errors import StoreError
from emoasst_core.paths import assets_folder
from emoasst_core.review.export import export_session
from emoasst_core.review.timeline_picture import draw_timeline
from emoasst_core.store.sessions import SessionRecord

PICTURE_FILE = "timeline.png"


def require_writable(folder: Path) -> None:
    """Find out before a long analysis whether its files can be written.

    Raises:
        StoreError: they cannot.
    """
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    if not nearest.is_dir() or not os.access(nearest, os.W_OK | os.X_OK):
        raise StoreError(f"Nothing can be written to {folder}.", "Choose another folder with --out.")


def write_session_files(record: SessionRecord, folder: Path) -> tuple[Path, ...]:
    """Write the three files; what stood there under these names is replaced only when all are ready.

    Args:
        record: the session, with its id.
        folder: made if missing.

    Returns:
        The paths written.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as name:
            made = Path(name)
            export_session(record, "csv", made / "timeline.csv")
            export_session(record, "json", made / "timeline.json")
            draw_timeline(record, made / PICTURE_FILE, Catalogue.load(assets_folder() / "cues.toml"))
            return tuple(Path(shutil.move(path, folder / path.name)) for path in sorted(made.iterdir()))
    except OSError as error:
        raise StoreError(
            f"The files of the session cannot be written to {folder}: {error}.", "Choose another folder with --out."
        ) from error
