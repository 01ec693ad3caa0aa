"""EmoAsst from a manifest to a run folder: features once, then the two heads, then a run card."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emoasst_core.datatypes import Vector
from emoasst_core.errors import ManifestError
from emoasst_core.evaluation.run_card import write_run_card
from emoasst_core.training.clip_reader import ClipReader
from emoasst_core.training.feature_extraction import ExtractionReport, extract_features, open_store
from emoasst_core.training.feature_store import FeatureStore
from emoasst_core.training.launch import Launch
from emoasst_core.training.manifests.check import check_manifest
from emoasst_core.training.manifests.manifest import Manifest
from emoasst_core.training.recipes.head_data import HeadData, Part
from emoasst_core.training.recipes.head_options import HeadOptions
from emoasst_core.training.recipes.head_training import score_head, selection_protocol, train_head
from emoasst_core.training.recipes.run_folder import (
    Heads,
    begin_run,
    build_heads,
    embed_everything,
    environment,
    options_as_dict,
    save_heads,
)
from emoasst_core.training.recipes.run_profile import write_profile
from emoasst_core.training.towers import Towers
from emoasst_core.training.trainer import EpochReport

PARTS: tuple[Part, ...] = ("frames", "audio")
Sets = dict[Part, dict[str, HeadData]]
OnExtraction = Callable[[ExtractionReport], None]
OnEpoch = Callable[[str, EpochReport], None]


def train_emoasst(
    manifest: Manifest,
    data: Path,
    kind: str,
    towers: Towers,
    reader: ClipReader,
    out: Path,
    options: HeadOptions,
    store_root: Path | None = None,
    launch: Launch | None = None,
    on_extraction: OnExtraction | None = None,
    on_epoch: OnEpoch | None = None,
) -> dict[str, Any]:
    """Train both heads, or the one whose modality the data have. Started again after a kill it goes on where it was.

    Args:
        manifest: with train and dev rows; test rows get features but are neither scored nor looked at.
        data, kind: where the manifest is from, so that the run can be opened again.
        towers: frozen encoders.
        reader: cuts the clips.
        out: the run folder.
        options: all choices.
        store_root: where features are kept; `out/features` if None. Runs on the same data can share one.
        launch: this process's place under torchrun.

    Returns:
        The run card.

    Raises:
        ManifestError: a group is in two splits, or there is nothing to train or to choose on.
        ConfigError: the folder holds another run.
    """
    launch = launch or Launch()
    started = time.monotonic()
    findings = check_manifest(manifest)
    if not findings.is_usable:
        raise ManifestError(f"{manifest.name} cannot be trained on: a group is in two splits, or no row trains.", "See --check.")
    root = store_root or out / "features"
    store = prepare_features(root, manifest, towers, reader, launch, on_extraction)
    class_text = towers.prompts.class_features(towers.text.embed)
    sets = head_sets(manifest, store, class_text)
    settings = _settings(manifest, data, kind, store, reader, root, options, list(sets))
    run = begin_run(out, settings) if launch.is_first else settings
    heads = build_heads({part: towers.widths[part] for part in sets}, class_text.shape[1], options)
    losses, figures = _train_heads(heads, sets, options, out, launch, on_epoch)
    launch.wait()
    learned = {"losses": losses, "dev": figures, "seconds": round(time.monotonic() - started, 1)}
    card = {**run, **_seen(manifest, store, sets), "data_check": findings.as_dict(), **learned}
    card["selection"] = {"metric": options.selection, "split": "dev", "protocol": selection_protocol(options)}
    if launch.is_first:
        save_heads(out, heads, class_text)
        dev = embed_everything(manifest, store, heads, class_text, options, launch.device).split("dev")
        card["is_profile"] = write_profile(out, towers, heads, dev, class_text, options)
        write_run_card(out, card)
    return card


def head_sets(manifest: Manifest, store: FeatureStore, class_text: Vector) -> Sets:
    """{part: {"train" | "dev": its rows}} for every part that has something to train and to choose on.

    Raises:
        ManifestError: no part has.
    """
    rows = {split: np.array([row.split == split for row in manifest.rows]).nonzero()[0] for split in ("train", "dev")}
    sets: Sets = {
        part: {split: HeadData(store, part, manifest.labels, class_text, found) for split, found in rows.items()}
        for part in PARTS
    }
    usable = {part: splits for part, splits in sets.items() if len(splits["train"]) >= 2 and len(splits["dev"])}
    if not usable:
        raise ManifestError(f"No clip of {manifest.name} could be seen or heard in both train and dev.", "See --check.")
    return usable


def prepare_features(
    root: Path, manifest: Manifest, towers: Towers, reader: ClipReader, launch: Launch, report: OnExtraction | None = None
) -> FeatureStore:
    """Fill the store in the first process; the others open it afterwards."""
    if launch.is_first:
        extract_features(manifest, towers, open_store(root, manifest, towers, reader), reader, report)
    launch.wait()
    return open_store(root, manifest, towers, reader)


def _train_heads(
    heads: Heads, sets: Sets, options: HeadOptions, out: Path, launch: Launch, on_epoch: OnEpoch | None
) -> tuple[dict[str, list[float]], dict[str, dict[str, float]]]:
    """Losses of every epoch and the dev figures of the best one, by part."""
    losses: dict[str, list[float]] = {}
    figures: dict[str, dict[str, float]] = {}
    for part, rows in sets.items():
        relay = (lambda epoch, part=part: on_epoch(part, epoch)) if on_epoch else None
        losses[part] = train_head(heads[part], rows["train"], rows["dev"], options, out / f"{part}.pt", launch, relay)
        figures[part] = score_head(heads[part], rows["dev"], options, launch.device, rows["train"])
    return losses, figures


def _seen(manifest: Manifest, store: FeatureStore, sets: Sets) -> dict[str, Any]:
    return {
        "unreadable_clips": {manifest.rows[row].id: error for row, error in store.errors.items()},
        "rows": {part: {split: len(rows) for split, rows in splits.items()} for part, splits in sets.items()},
    }


def _settings(
    manifest: Manifest,
    data: Path,
    kind: str,
    store: FeatureStore,
    reader: ClipReader,
    root: Path,
    options: HeadOptions,
    parts: Sequence[Part],
) -> dict[str, Any]:
    return {
        "recipe": "emoasst",
        "data": str(data.resolve()),
        "kind": kind,
        "manifest": manifest.name,
        "sizes": manifest.sizes,
        "store": str(root.resolve()),
        "store_key": {name: getattr(store.key, name) for name in ("encoder_hash", "preprocessing_hash", "manifest_hash")},
        "widths": store.widths,
        "reader": reader.settings,
        "parts": list(parts),
        "options": options_as_dict(options),
        "environment": environment(),
    }
