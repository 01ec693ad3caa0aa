"""MER2023 and MER2024 (Lian et al.): Mandarin clips with one of six emotions and a valence, read for cross-validation."""

from __future__ import annotations

import csv
import hashlib
from collections import Counter
from pathlib import Path
from typing import Final

from emoasst_core.errors import ManifestError
from emoasst_core.training.manifests.manifest import Manifest, Row, emotion_name, missing_files

NUM_LABELLED: Final = {"mer2023": 3_373, "mer2024": 5_030}
NUM_FOLDS: Final = 5
CLIP_FOLDERS: Final = {".mp4": "video", ".wav": "audio"}


def read_mer(root: Path, edition: str = "mer2024", fold: int = 0, official: bool = True) -> Manifest:
    """The labelled part: `label.csv` (name, discrete, valence), `transcription.csv` (name, text or english), `video/NAME.mp4`.

    The organisers ship labels as a pickled archive; it is not opened here: export it to csv once. There is no official split of
    the labelled part, so one of five folds tests, the next is for dev. Clips of one film can be in several folds; speakers are
    not published.
    `worried` is none of the seven emotions and is left out, counted.

    Args:
        root: folder of the listings.
        edition: "mer2023" or "mer2024".
        fold: 0 to 4.
        official: assert the published number of labelled clips.

    Raises:
        ManifestError: the listing is missing or of another size.
    """
    if edition not in NUM_LABELLED or not 0 <= fold < NUM_FOLDS:
        raise ManifestError(f"There is no fold {fold} of {edition}.", "Editions are mer2023 and mer2024, folds 0 to 4.")
    labelled = _read_csv(root / "label.csv", ("name", "discrete", "valence"))
    if official and len(labelled) != NUM_LABELLED[edition]:
        raise ManifestError(f"{edition}: expected {NUM_LABELLED[edition]:,} labelled clips, found {len(labelled):,}.",
                            "Export the whole label file.")  # fmt: skip
    texts = {}
    if (root / "transcription.csv").exists():
        listed = _read_csv(root / "transcription.csv", ("name",))
        texts = {row["name"]: (row.get("english") or row.get("text") or "").strip() for row in listed}
    rows: list[Row] = []
    left_out: Counter[str] = Counter()
    for listed_row in labelled:
        label = emotion_name(listed_row["discrete"])
        if label is None:
            left_out[listed_row["discrete"]] += 1
            continue
        name = listed_row["name"]
        rows.append(Row(id=f"{edition}/{name}", split=_split(name, fold), label=label, video=_clip(root, name, ".mp4"),
                        audio=_clip(root, name, ".wav"), text=texts.get(name, ""), group=f"{edition}/{name}",
                        valence=float(listed_row["valence"]), extra={"language": "zh"}))  # fmt: skip
    return Manifest(edition, root, tuple(rows), missing_files(root, rows), dict(left_out))


def _clip(root: Path, name: str, suffix: str) -> str | None:
    folder = CLIP_FOLDERS[suffix]
    return f"{folder}/{name}{suffix}" if (root / folder).is_dir() else None


def _split(name: str, fold: int) -> str:
    place = int(hashlib.sha256(name.encode()).hexdigest(), 16) % NUM_FOLDS
    return "test" if place == fold else "dev" if place == (fold + 1) % NUM_FOLDS else "train"


def _read_csv(path: Path, columns: tuple[str, ...]) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
            if missing:
                raise ManifestError(f"{path} lacks the column {missing[0]}.", f"It needs: {', '.join(columns)}.")
            return list(reader)
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} cannot be read.", "Export the organisers' label file to csv once.") from error
