"""Anybody's own data: a csv or a JSON Lines file with one row per clip."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.cells import delimiter_of, seconds
from emoasst_core.training.manifests.manifest import SPLITS, Manifest, Row, emotion_name, missing_files, path_below

ALIASES: Final = {"emotion": "label", "start": "start_s", "end": "end_s", "utterance": "text", "dialogue": "group"}
SPLIT_NAMES: Final = {"train": "train", "dev": "dev", "valid": "dev", "validation": "dev", "val": "dev", "test": "test"}
SOUND_SUFFIXES: Final = (".wav", ".opus", ".ogg", ".flac", ".mp3", ".m4a", ".aac")
KNOWN: Final = (
    "id",
    "split",
    "label",
    "video",
    "audio",
    "path",
    "file",
    "start_s",
    "end_s",
    "text",
    "speaker",
    "group",
    "labels",
    "valence",
)
HELD_OUT_SHARE: Final = 0.15  # of the rows, for dev and for test each, where the listing names no split
SUM_TOLERANCE: Final = 1e-3


def read_listing(path: Path, root: Path | None = None) -> Manifest:
    """Rows of a csv (first line: column names) or of a JSON Lines file (first line may be `{"manifest": 1, ...}`).

    Columns: `label` (or `emotion`) as a name, never a number; `video` and/or `audio` (or one `path`) relative to the root; and,
    as far as known, id, split, start_s, end_s, text, speaker, group, labels (soft, JSON), valence. Others are kept. Rows with a
    label outside the seven emotions are left out and counted. Without a split column, whole speakers (or groups) are held out.

    Args:
        path: the listing.
        root: folder of the clips; the header's `root`, or else the listing's own folder.

    Raises:
        ManifestError: the listing cannot be read, a label is a number, or a path leaves the root.
    """
    header, records = _read_records(path)
    if root is None:
        root = path_below(path.parent, str(header["root"])) if header.get("root") not in (None, "", ".") else path.parent
    label_map = {str(key).lower(): str(value) for key, value in dict(header.get("label_map", {})).items()}
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for number, record in enumerate(records, start=1):
        listed = str(record.get("label", "") or "").strip()
        label = emotion_name(label_map.get(listed.lower(), listed)) if listed else None
        if label is None:
            left_out[listed or "(none)"] += 1
            continue
        rows.append(_read_row(record, label, number, root, path))
    if not rows:
        raise ManifestError(f"{path} lists no clip with one of the seven emotions.", "Check its label column.")
    if any(not row.split for row in rows):
        if any(row.split for row in rows):
            raise ManifestError(f"{path}: some rows name a split and some do not.", "Name it on all rows or on none.")
        rows = hold_out_speakers(rows)
    return Manifest(path.stem, root, tuple(rows), missing_files(root, rows), dict(left_out), str(header.get("task", "single")))


def hold_out_speakers(rows: list[Row], share: float = HELD_OUT_SHARE) -> list[Row]:
    """Give whole speakers to test, then to dev, until each holds `share` of the rows; the rest train.

    The order of the speakers is that of their hashes, so it is the same on every machine and does not change when rows are added.

    Raises:
        ManifestError: there are fewer than three speakers or groups.
    """
    counts = Counter(_unit(row) for row in rows)
    if len(counts) < len(SPLITS):
        raise ManifestError("The listing names no split, and fewer than three speakers to make one from.", "Add a split column.")
    order = sorted(counts, key=lambda unit: hashlib.sha256(unit.encode()).hexdigest())
    splits: dict[str, str] = {}
    for split in ("test", "dev"):
        taken = 0
        while taken < share * len(rows) and len(order) > (2 if split == "test" else 1):
            unit = order.pop(0)
            splits[unit], taken = split, taken + counts[unit]
    return [replace(row, split=splits.get(_unit(row), "train")) for row in rows]


def _unit(row: Row) -> str:
    return row.speaker or row.group or row.id


def _read_records(path: Path) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        if path.suffix.lower() == ".csv":
            records: list[dict[str, Any]] = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text)))
        else:
            records = [json.loads(line) for line in text.splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise ManifestError(f"{path} cannot be read as a listing.", "Give a csv or a JSON Lines file in UTF-8.") from error
    if any(not isinstance(record, dict) for record in records):
        raise ManifestError(f"{path} holds a line that is no row.", "Every line of a JSON Lines file must be an object.")
    header = records.pop(0) if records and "manifest" in records[0] else {}
    return header, ({ALIASES.get(str(key), str(key)): value for key, value in record.items()} for record in records)


def _read_row(record: Mapping[str, Any], label: str, number: int, root: Path, listing: Path) -> Row:
    video, audio = record.get("video") or None, record.get("audio") or None
    single = record.get("path") or record.get("file") or None
    if single and not (video or audio):
        video, audio = (None, single) if str(single).lower().endswith(SOUND_SUFFIXES) else (single, None)
    for relative in (video, audio):
        if relative is not None:
            path_below(root, str(relative))
    split = str(record.get("split") or "").strip().lower()
    if split and split not in SPLIT_NAMES:
        raise ManifestError(f"{listing}, row {number}: unknown split {split!r}.", f"Known: {', '.join(SPLITS)}.")
    speaker = str(record.get("speaker") or "")
    try:
        return Row(
            id=str(record.get("id") or f"{listing.stem}/{number:06d}"),
            split=SPLIT_NAMES.get(split, ""),
            label=label,
            video=video,
            audio=audio,
            start_s=seconds(record.get("start_s"), "start_s") or 0.0,
            end_s=seconds(record.get("end_s"), "end_s"),
            text=str(record.get("text") or ""),
            speaker=speaker,
            group=str(record.get("group") or speaker),
            labels=_read_soft(record.get("labels")),
            valence=float(record["valence"]) if record.get("valence") not in (None, "") else None,
            extra={str(key): value for key, value in record.items() if key not in KNOWN},
        )
    except (TypeError, ValueError) as error:
        raise ManifestError(f"{listing}, row {number}: {error}.", "Times, valence and soft labels must be numbers.") from error


def _read_soft(value: Any) -> dict[str, float]:
    if value in (None, "", {}):
        return {}
    shares = {str(name): float(share) for name, share in dict(json.loads(value) if isinstance(value, str) else value).items()}
    if any(not 0 <= share <= 1 + SUM_TOLERANCE for share in shares.values()):
        raise ValueError("soft labels must lie between 0 and 1")
    return shares
