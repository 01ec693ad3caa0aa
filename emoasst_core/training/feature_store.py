"""Frozen features on disk: computed once, read as memory-mapped float16, whole again after a kill at any moment."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import ManifestError

PARTS: Final = ("frames", "audio", "text")
JOURNAL: Final = "journal.jsonl"
ROWS_PER_FLUSH: Final = 16  # a kill loses at most this many rows of work
BYTES_PER_VALUE: Final = 2
Half = NDArray[np.float16]


@dataclass(frozen=True, slots=True)
class StoreKey:
    """What features depend on. Stores of different keys lie in different folders, so none is ever read for another.

    Attributes:
        encoder_hash: of the towers' weights and cards.
        preprocessing_hash: of how clips are cut, cropped and sampled.
        manifest_hash: of the rows.
    """

    encoder_hash: str
    preprocessing_hash: str
    manifest_hash: str

    @property
    def folder_name(self) -> str:
        """Name of the store's folder."""
        return "-".join(part[:12] for part in (self.encoder_hash, self.preprocessing_hash, self.manifest_hash))


@dataclass(frozen=True, slots=True)
class Features:
    """Features of one row; each part is (n, width), n = 0 where there is nothing."""

    frames: Half
    audio: Half
    text: Half
    error: str = ""


@dataclass(slots=True)
class _Journal:
    ends: dict[str, list[int]] = field(default_factory=lambda: {part: [0] for part in PARTS})
    errors: list[str] = field(default_factory=list)
    num_bytes: int = 0


class FeatureStore:
    """Append-only arrays of float16, one file per part, and a journal that says how far each row reaches.

    Data are written and synced before the journal line that names them. Opening cuts off whatever lies beyond the last whole
    journal line, so extraction goes on with the first row that was not finished.

    Args:
        root: folder that holds stores.
        key: what the features depend on.
        widths: {part: numbers per vector}.

    Raises:
        ManifestError: the folder holds a store of another key or of other widths.
    """

    def __init__(self, root: Path, key: StoreKey, widths: Mapping[str, int]) -> None:
        self.key = key
        self.folder = root / key.folder_name
        self.widths = {part: int(widths[part]) for part in PARTS}
        self.folder.mkdir(parents=True, exist_ok=True)
        self._check_meta({"key": asdict(key), "widths": self.widths, "dtype": "float16"})
        self._journal = self._read_journal()
        self._pending: list[Features] = []
        self._maps: dict[str, Half] = {}

    def __enter__(self) -> FeatureStore:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.flush()

    def __len__(self) -> int:
        return len(self._journal.errors) + len(self._pending)

    @property
    def errors(self) -> dict[int, str]:
        """{row number: why its clip could not be read}."""
        return {row: error for row, error in enumerate(self._journal.errors) if error}

    def append(self, features: Features) -> None:
        """Add the next row; it is safe on disk after at most `ROWS_PER_FLUSH` rows, or after `flush`."""
        for part in PARTS:
            values = getattr(features, part)
            if values.ndim != 2 or values.shape[1] != self.widths[part]:
                raise ManifestError(f"Features of shape {values.shape} do not fit a store of width {self.widths[part]}.")
        self._pending.append(features)
        if len(self._pending) >= ROWS_PER_FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write what is pending: first the data, then the journal."""
        if not self._pending:
            return
        for part in PARTS:
            with (self.folder / f"{part}.f16").open("ab") as handle:
                for features in self._pending:
                    handle.write(np.ascontiguousarray(getattr(features, part), np.float16).tobytes())
                _sync(handle)
        lines = []
        for features in self._pending:
            for part in PARTS:
                self._journal.ends[part].append(self._journal.ends[part][-1] + len(getattr(features, part)))
            self._journal.errors.append(features.error)
            lines.append(json.dumps({part: self._journal.ends[part][-1] for part in PARTS} | {"error": features.error}))
        with (self.folder / JOURNAL).open("ab") as handle:
            handle.write(("\n".join(lines) + "\n").encode())
            _sync(handle)
        self._pending, self._maps = [], {}

    def counts(self, part: str) -> NDArray[np.int64]:
        """(num_rows,) vectors that each row has."""
        self.flush()
        ends = np.array(self._journal.ends[part], np.int64)
        return ends[1:] - ends[:-1]

    def read(self, part: str, row: int) -> Half:
        """(n, width) view into the file of one row's vectors."""
        self.flush()
        start, end = self._journal.ends[part][row : row + 2]
        return self.array(part)[start:end]

    def array(self, part: str) -> Half:
        """(total, width) read-only view of the whole part; rows start at `starts`."""
        self.flush()
        if part not in self._maps:
            total = self._journal.ends[part][-1]
            path = self.folder / f"{part}.f16"
            shape = (total, self.widths[part])
            self._maps[part] = np.memmap(path, np.float16, "r", shape=shape) if total else np.zeros(shape, np.float16)
        return self._maps[part]

    def starts(self, part: str) -> NDArray[np.int64]:
        """(num_rows,) where each row begins in `array(part)`."""
        return np.array(self._journal.ends[part][:-1], np.int64)

    def _check_meta(self, meta: Mapping[str, Any]) -> None:
        path = self.folder / "store.json"
        if not path.exists():
            with replacing(path) as partial:
                partial.write_text(json.dumps(meta, indent=1), encoding="utf-8")
        elif json.loads(path.read_text(encoding="utf-8")) != meta:
            raise ManifestError(f"{self.folder} holds features of other models or clips.", "Choose another --store folder.")

    def _read_journal(self) -> _Journal:
        journal = _Journal()
        path = self.folder / JOURNAL
        sizes = {part: _size(self.folder / f"{part}.f16") // (BYTES_PER_VALUE * self.widths[part]) for part in PARTS}
        lines = path.read_bytes().splitlines(keepends=True) if path.exists() else []
        for line in lines:
            entry = _parse(line)
            if entry is None or any(not journal.ends[part][-1] <= entry[part] <= sizes[part] for part in PARTS):
                break
            for part in PARTS:
                journal.ends[part].append(entry[part])
            journal.errors.append(entry["error"])
            journal.num_bytes += len(line)
        _cut(path, journal.num_bytes)
        for part in PARTS:
            _cut(self.folder / f"{part}.f16", journal.ends[part][-1] * BYTES_PER_VALUE * self.widths[part])
        return journal


def padded(rows: Sequence[Half]) -> tuple[Half, NDArray[np.bool_]]:
    """Lay rows of unequal length side by side.

    Returns:
        (b, longest, width) with zeros after each row's end, and (b, longest) True where a row has a vector.
    """
    longest = max(1, *(len(row) for row in rows))
    values = np.zeros((len(rows), longest, rows[0].shape[1]), np.float16)
    mask = np.zeros((len(rows), longest), bool)
    for place, row in enumerate(rows):
        values[place, : len(row)] = row
        mask[place, : len(row)] = True
    return values, mask


def _parse(line: bytes) -> dict[str, Any] | None:
    if not line.endswith(b"\n"):
        return None
    try:
        entry: dict[str, Any] = json.loads(line)
    except ValueError:
        return None  # torn by a power cut: this row and all after it are computed again
    return entry if all(isinstance(entry.get(part), int) for part in PARTS) and "error" in entry else None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _cut(path: Path, num_bytes: int) -> None:
    if _size(path) > num_bytes:
        os.truncate(path, num_bytes)


def _sync(handle: IO[bytes]) -> None:
    handle.flush()
    os.fsync(handle.fileno())
