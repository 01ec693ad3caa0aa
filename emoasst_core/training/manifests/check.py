"""Look a data set over before training: what it holds, what is broken, and who appears on both sides of a split."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoasst_core.errors import MediaError
from emoasst_core.training.manifests.manifest import SPLITS, Manifest, Row, RowError

Probe = Callable[[Path], Any]


@dataclass(frozen=True, slots=True)
class ManifestCheck:
    """Findings.

    Attributes:
        sizes: {split: rows}.
        class_counts: {split: {emotion: rows}}.
        errors: missing or unreadable clips.
        left_out: {label: rows} outside the seven emotions.
        shared_speakers: {speaker: splits} where a speaker is in more than one: results are then speaker-dependent.
        shared_groups: the same for groups; never right.
        repeated_texts: number of test rows whose words also stand in train, word for word.
    """

    name: str
    sizes: dict[str, int]
    class_counts: dict[str, dict[str, int]]
    errors: tuple[RowError, ...]
    left_out: dict[str, int]
    shared_speakers: dict[str, tuple[str, ...]]
    shared_groups: dict[str, tuple[str, ...]]
    repeated_texts: int

    @property
    def is_usable(self) -> bool:
        """No group leaks between splits and there is something to train on."""
        return not self.shared_groups and self.sizes.get("train", 0) > 0

    @property
    def is_speaker_disjoint(self) -> bool:
        """No speaker is in two splits."""
        return not self.shared_speakers

    def as_dict(self) -> dict[str, Any]:
        """For the run card and `--json`."""
        return {
            "name": self.name,
            "sizes": self.sizes,
            "class_counts": self.class_counts,
            "num_errors": len(self.errors),
            "errors": [{"id": error.id, "split": error.split, "reason": error.reason} for error in self.errors],
            "left_out": self.left_out,
            "shared_speakers": {name: list(splits) for name, splits in self.shared_speakers.items()},
            "shared_groups": {name: list(splits) for name, splits in self.shared_groups.items()},
            "repeated_texts": self.repeated_texts,
            "speaker_disjoint": self.is_speaker_disjoint,
            "usable": self.is_usable,
        }


def check_manifest(manifest: Manifest, probe: Probe | None = None) -> ManifestCheck:
    """Count and compare; with a probe, open every clip too.

    Args:
        manifest: what to look over.
        probe: opens one file and raises MediaError if it is unreadable (`capture.media_file.probe`); None checks presence only.
    """
    errors = list(manifest.errors)
    if probe is not None:
        failed = {error.id for error in errors}
        errors.extend(error for row in manifest.rows if row.id not in failed and (error := _open(manifest, row, probe)))
    train_texts = {row.text.lower() for row in manifest.rows if row.split == "train" and row.text}
    return ManifestCheck(
        name=manifest.name,
        sizes={split: manifest.sizes.get(split, 0) for split in SPLITS},
        class_counts={split: dict(Counter(row.label for row in manifest.rows if row.split == split)) for split in SPLITS},
        errors=tuple(errors),
        left_out=dict(manifest.left_out),
        shared_speakers=_shared(manifest, "speaker"),
        shared_groups=_shared(manifest, "group"),
        repeated_texts=sum(row.split == "test" and row.text.lower() in train_texts for row in manifest.rows),
    )


def describe(check: ManifestCheck) -> str:
    """The findings in lines for a terminal."""
    lines = [f"{check.name}: " + ", ".join(f"{split} {count:,}" for split, count in check.sizes.items())]
    for split, counts in check.class_counts.items():
        lines.append(f"  {split}: " + (", ".join(f"{name} {count:,}" for name, count in sorted(counts.items())) or "no rows"))
    for label, count in check.left_out.items():
        lines.append(f"  left out: {count:,} rows labelled {label!r}, which is none of the seven emotions")
    lines.append(f"  missing or unreadable clips: {len(check.errors):,} (kept as rows, read from what else they have)")
    lines.extend(f"    {error.id}: {error.reason}" for error in check.errors[:10])
    if check.shared_groups:
        lines.append(
            f"  LEAK: {len(check.shared_groups):,} groups are in more than one split, e.g. {next(iter(check.shared_groups))}"
        )
    if check.shared_speakers:
        lines.append(f"  speakers in more than one split: {len(check.shared_speakers):,}; results will be speaker-dependent")
    if check.repeated_texts:
        lines.append(f"  test rows with the very words of a train row: {check.repeated_texts:,}")
    return "\n".join(lines)


def _open(manifest: Manifest, row: Row, probe: Probe) -> RowError | None:
    for relative in dict.fromkeys((row.video, row.audio)):
        if relative is None:
            continue
        try:
            probe(manifest.media_path(relative))
        except MediaError as error:
            return RowError(row.id, row.split, str(error))
    return None


def _shared(manifest: Manifest, column: str) -> dict[str, tuple[str, ...]]:
    seen: defaultdict[str, set[str]] = defaultdict(set)
    for row in manifest.rows:
        if getattr(row, column):
            seen[getattr(row, column)].add(row.split)
    return {name: tuple(sorted(splits)) for name, splits in sorted(seen.items()) if len(splits) > 1}
