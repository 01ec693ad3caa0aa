"""Check the files of a model folder and read their weights: safetensors only, never a file that can carry code."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from emoasst_core.errors import ModelError

if TYPE_CHECKING:
    from torch import Tensor, nn

BLOCK_BYTES = 1 << 20
UNHASHED_FILES = frozenset({"installed.json", "README.md"})  # say something about the model, change nothing it computes


def require_file(folder: Path, *names: str) -> Path:
    """The first of `names` that exists in `folder`.

    Raises:
        ModelError: none does; names the file and the next step.
    """
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(
        f"The model in {folder} is not whole: {' or '.join(names)} is missing.",
        f"Run `emoasst models download {folder.name}` or import it again.",
    )


def sha256_of(path: Path) -> str:
    """Hash of a file, lower-case hexadecimal.

    Raises:
        ModelError: the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                digest.update(block)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error}.", "Check the disk, then import the model again.") from error
    return digest.hexdigest()


def folder_hash(*folders: Path) -> str:
    """One hash over every file of some model folders: names and contents, not dates; what shots are tied to.

    Raises:
        ModelError: a folder is missing or a file cannot be read.
    """
    digest = hashlib.sha256()
    for folder in folders:
        if not folder.is_dir():
            raise ModelError(
                f"There is no model folder {folder}.", "Name one that exists; `emoasst models list` says what is installed."
            )
        for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name not in UNHASHED_FILES):
            digest.update(f"{path.relative_to(folder).as_posix()}\0{sha256_of(path)}\n".encode())
        digest.update(b"\n")
    return digest.hexdigest()


def load_weights(path: Path) -> dict[str, Tensor]:
    """Read a safetensors file; weights stored at half precision come back as float32, integers as they are.

    Raises:
        ModelError: the file is missing, damaged or not safetensors.
    """
    import safetensors
    from safetensors.torch import load_file

    require_file(path.parent, path.name)
    try:
        weights = load_file(path)
    except (safetensors.SafetensorError, OSError) as error:
        raise ModelError(
            f"{path} cannot be read as safetensors: {error}.", f"Run `emoasst models verify {path.parent.name}`."
        ) from error
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in weights.items()}


def fill(network: nn.Module, weights: dict[str, Tensor], folder: Path) -> None:
    """Put weights into a network, every one of them, and set it to evaluation mode without gradients.

    Raises:
        ModelError: names or shapes do not fit.
    """
    try:
        network.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:400]
        raise ModelError(
            f"The weights in {folder} do not fit the network its configuration describes: {reason}",
            f"Run `emoasst models verify {folder.name}`.",
        ) from error
    network.requires_grad_(False).eval()
