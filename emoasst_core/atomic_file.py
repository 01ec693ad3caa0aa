"""Files that are old or new, never half: written beside their place, forced to the disk, then renamed over it."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from emoasst_core.errors import StoreError


def write_atomically(path: Path, data: bytes) -> None:
    """Put `data` in `path`, making its folder; what stood there before stays until the new file is whole.

    Raises:
        StoreError: the folder or the disk refuses.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial:
            partial.write_bytes(data)
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror}.", "Choose another file, or free some space.") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A temporary file to write into; it takes the name `path` at the end of the block, or vanishes if the block fails.

    Raises:
        OSError: as the system says it.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}.partial")
    try:
        yield partial
        sync_and_rename(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def sync_and_rename(partial: Path, target: Path) -> None:
    """Give a finished file its name; after a power cut there is the old file or this one.

    Raises:
        OSError: as the system says it.
    """
    with partial.open("rb+") as handle:
        os.fsync(handle.fileno())
    partial.replace(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Force the names in a folder to the disk: only then a file that was made or renamed there survives a power cut.

    Raises:
        OSError: as the system says it.
    """
    if os.name == "posix":  # Windows cannot open folders, and orders renames itself
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
