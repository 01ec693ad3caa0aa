"""Fetch a whole model, or take it from a folder such as a USB stick. The only part of EmoAsst that goes online."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

from emoasst_core.encoders.file_download import DownloadOptions, DownloadProgress, FileDownload, OnProgress
from emoasst_core.encoders.installation import InstalledRecord, install, place_copy, read_record
from emoasst_core.encoders.model_registry import ModelEntry, ModelFile
from emoasst_core.errors import DownloadError, ModelError

BLOCK_BYTES = 1 << 20


def download_model(
    entry: ModelEntry,
    models_folder: Path,
    accept_unpinned: bool = False,
    options: DownloadOptions | None = None,
    on_progress: OnProgress | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Path:
    """Fetch the files of a model and install it. What has arrived is kept when it stops, and the next call goes on.

    Args:
        accept_unpinned: allow a model of which no hash is known beforehand.
        on_progress, cancelled: see `FileDownload`.

    Returns:
        The folder of the installed model.

    Raises:
        DownloadError: the model is fetched by hand or is not pinned, or a file could not be fetched (see `FileDownload.run`).
        ModelError: the files arrived but could not be installed.
    """
    if entry.by_hand:
        raise DownloadError(
            f"{entry.name} has no address to fetch it from by itself.",
            f"Open {entry.source} in a browser, save {entry.files[0].name} in a folder, then run "
            f"`emoasst models import FOLDER --name {entry.name} --accept-unpinned`.",
        )
    _check_pin(entry, accept_unpinned)
    staged = models_folder / f".{entry.name}.downloading"
    _make_folder(staged)
    for file in entry.files:
        FileDownload(file, staged, options, on_progress, cancelled).run()
    _remove_others(staged, {file.name for file in entry.files})
    return install(entry, staged, models_folder)


def import_model(
    entry: ModelEntry,
    source: Path,
    models_folder: Path,
    accept_unpinned: bool = False,
    on_progress: OnProgress | None = None,
) -> Path:
    """Copy a model from a folder: its files as published, or the folder of a model installed on another computer.

    Names, sizes and hashes are checked while copying; links and anything that is not listed are left alone.

    Args:
        source: the folder, or one that holds a folder of the model's name.
        accept_unpinned: allow what cannot be checked against a hash known beforehand.

    Raises:
        ModelError: files are missing, not as expected or links, or the disk refused. Nothing is changed then.
    """
    if source.is_symlink() or not source.is_dir():
        raise ModelError(f"{source} is not a folder (links are not followed).", "Name the folder that holds the model.")
    folder = source / entry.name
    if folder.is_symlink():
        raise ModelError(f"{folder} is a link, which is not followed.", "Copy the files themselves.")
    folder = folder if folder.is_dir() else source
    record = None if _holds(folder, entry) else read_record(folder)
    if record is None:
        _check_pin(entry, accept_unpinned)
        files = entry.files
    else:
        if record.name != entry.name:
            raise ModelError(f"{folder} holds {record.name}, not {entry.name}.", "Name the model with --name.")
        if not accept_unpinned:
            raise ModelError(
                f"{folder} is a copy from another computer: its files can only be compared with the hashes that lie beside them.",
                "If you trust where it is from, add --accept-unpinned.",
            )
        files = tuple(ModelFile(name, sha256=sha256) for name, sha256 in record.files.items())
    staged = models_folder / f".{entry.name}.importing"
    shutil.rmtree(staged, ignore_errors=True)
    _make_folder(staged)
    try:
        for file in files:
            _copy_checked(file, folder, staged, on_progress)
        if record is None:
            return install(entry, staged, models_folder)
        return place_copy(InstalledRecord(entry.name, record.revision, record.published, record.files), staged, models_folder)
    finally:
        shutil.rmtree(staged, ignore_errors=True)


def _holds(folder: Path, entry: ModelEntry) -> bool:
    return all((folder / file.name).is_file() for file in entry.files)


def _check_pin(entry: ModelEntry, accept_unpinned: bool) -> None:
    if not entry.is_pinned and not accept_unpinned:
        raise DownloadError(
            f"No published sha256 of {entry.name} is known, so its files cannot be checked on arrival.",
            "If you trust its source, add --accept-unpinned: the hash is then shown and kept, and later changes are noticed.",
        )


def _copy_checked(file: ModelFile, folder: Path, staged: Path, on_progress: OnProgress | None) -> None:
    path = folder / file.name
    if path.is_symlink():
        raise ModelError(f"{path} is a link, which is not followed.", "Copy the file itself.")
    if not path.is_file():
        raise ModelError(f"{file.name} is missing in {folder}.", "Copy the whole model into that folder and try again.")
    total = path.stat().st_size
    if file.size_bytes and total != file.size_bytes:
        raise ModelError(f"{path} has {total} bytes, expected {file.size_bytes}.", "Copy or fetch that file again.")
    digest, copied = hashlib.sha256(), 0
    try:
        with path.open("rb") as source, (staged / file.name).open("xb") as target:
            while block := source.read(BLOCK_BYTES):
                digest.update(block)
                target.write(block)
                copied += len(block)
                if on_progress:
                    on_progress(DownloadProgress(file.name, copied, total))
    except OSError as error:
        raise ModelError(f"{path} could not be copied: {error}.", "Check the disk and the stick, then try again.") from error
    if file.sha256 and digest.hexdigest() != file.sha256:
        raise ModelError(
            f"{path} is not the file it should be: its sha256 is {digest.hexdigest()}, expected {file.sha256}.",
            "Copy or fetch that file again.",
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ModelError(f"The folder {folder} cannot be made: {error}.", "Check the rights of that folder.") from error


def _remove_others(folder: Path, kept: set[str]) -> None:
    for path in folder.iterdir():
        if path.name not in kept:
            path.unlink()
