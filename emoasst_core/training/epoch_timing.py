"""How long one epoch of both heads takes on stored features, beside the plain way of doing it."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.training.feature_store import Features, FeatureStore, StoreKey
from emoasst_core.training.launch import Launch, has_half_precision
from emoasst_core.training.recipes.byte_dropout import byte_dropout
from emoasst_core.training.recipes.head_data import EpochBatches, HeadData, Part
from emoasst_core.training.recipes.head_options import HeadOptions
from emoasst_core.training.recipes.head_training import head_loss
from emoasst_core.training.recipes.run_folder import build_heads

WIDTHS = {"frames": 512, "audio": 768, "text": 512}  # CLIP ViT-B/32 and wav2vec 2.0 base
MEAN_SOUND_S = 3.14  # of MELD's utterances, from the times in its listings
SOUND_SPREAD = 0.6  # of the logarithm of the length
STATES_PER_S = 50  # wav2vec 2.0
MAX_SOUND_S = 20.0
PROMPTS_PER_ROW = 7  # the utterance and six emotion prompts
WARM_UP_BATCHES = 2
PLAIN_BATCH = (
    16  # all states of 128 clips padded to the longest take over 20 GB; small batches pad less, which favours the baseline
)


def random_store(folder: Path, num_rows: int, num_frames: int, seed: int = 0) -> FeatureStore:
    """A store of random features with MELD's sizes: they cost what real ones cost."""
    generator = np.random.default_rng(seed)
    store = FeatureStore(folder, StoreKey("random", f"frames{num_frames}", f"rows{num_rows}"), WIDTHS)
    lengths_s = generator.lognormal(np.log(MEAN_SOUND_S) - SOUND_SPREAD**2 / 2, SOUND_SPREAD, num_rows)
    counts = np.clip(lengths_s, 0.2, MAX_SOUND_S) * STATES_PER_S
    pool = generator.standard_normal((4096, max(WIDTHS.values()))).astype(np.float16)
    with store:
        for row in range(len(store), num_rows):
            start = int(generator.integers(0, len(pool) - int(MAX_SOUND_S * STATES_PER_S) - 1))
            frames, audio, text = (
                pool[start : start + count, : WIDTHS[part]]
                for part, count in (("frames", num_frames), ("audio", int(counts[row])), ("text", PROMPTS_PER_ROW))
            )
            store.append(Features(frames, audio, text))
    return store


def time_epoch(
    store: FeatureStore, part: Part, options: HeadOptions, num_batches: int = 0, plain: bool = False
) -> dict[str, float]:
    """Run one training epoch of one head.

    Args:
        store: see `random_store`.
        part: which head.
        options: its settings.
        num_batches: stop after this many and scale up to the whole epoch; 0 runs all.
        plain: float32, torch's own dropout.

    Returns:
        seconds of the epoch, measured_batches, num_batches, and the largest memory of a GPU in bytes.
    """
    launch = Launch(device="cuda" if torch.cuda.is_available() else "cpu")
    rows = np.arange(len(store))
    labels = np.random.default_rng(1).integers(0, NUM_EMOTIONS, len(store))
    class_text = np.linalg.qr(np.random.default_rng(2).standard_normal((WIDTHS["text"], NUM_EMOTIONS)))[0].T.astype(np.float32)
    data = HeadData(store, part, labels, class_text, rows)
    head = build_heads({part: WIDTHS[part]}, WIDTHS["text"], options)[part].to(launch.device).train()
    limit = options.states_per_clip if part == "audio" else options.num_frames
    compute_loss = head_loss(options, data, launch)
    optimizer = torch.optim.AdamW(head.parameters(), lr=1e-4, fused=True)
    half = has_half_precision(launch.device) and not plain
    batches = EpochBatches(data, options.batch_size, limit, "six", "class", torch.Generator().manual_seed(0), launch)
    wanted = min(num_batches or len(batches), len(batches))
    with byte_dropout(head, enabled=launch.device == "cpu" and not plain):
        started = done = 0.0
        for step, batch in enumerate(_repeated(batches, wanted + WARM_UP_BATCHES)):
            if step == WARM_UP_BATCHES:
                _settle(launch.device)
                started = time.perf_counter()
            with torch.autocast(launch.device, torch.bfloat16, enabled=half):
                loss = compute_loss(head, batch)
            optimizer.zero_grad(set_to_none=True)
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        _settle(launch.device)
        done = time.perf_counter() - started
    peak = torch.cuda.max_memory_allocated() if launch.device == "cuda" else 0
    return {"seconds": done * len(batches) / wanted, "measured_batches": wanted, "num_batches": len(batches), "gpu_bytes": peak}


def time_epochs(folder: Path, num_rows: int, threads: int, baseline_batches: int) -> dict[str, Any]:
    """Both heads, tuned and plain, in one process."""
    torch.set_num_threads(threads)
    options = HeadOptions()
    plain_options = replace(options, states_per_clip=0, batch_size=PLAIN_BATCH)
    store = random_store(folder, num_rows, options.num_frames)
    parts: tuple[Part, ...] = ("frames", "audio")
    return {
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
        "half_precision": has_half_precision("cuda" if torch.cuda.is_available() else "cpu"),
        "store_bytes": sum(path.stat().st_size for path in store.folder.iterdir()),
        "heads": {part: time_epoch(store, part, options) for part in parts},
        "baseline": {part: time_epoch(store, part, plain_options, baseline_batches, plain=True) for part in parts},
    }


def _repeated(batches: EpochBatches, count: int) -> Any:
    produced = 0
    while produced < count:
        for batch in batches:
            if produced == count:
                return
            produced += 1
            yield batch


def _settle(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()
