"""Train one head on stored features: the Visual Fusion Module on frames, the auditory adapter on sound states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import Vector
from emoasst_core.emoasst.auditory_adapter import AuditoryAdapter
from emoasst_core.emoasst.supcon_loss import info_nce_loss, supcon_loss
from emoasst_core.emoasst.visual_fusion_module import VisualFusionModule
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.errors import ManifestError
from emoasst_core.evaluation.metrics import accuracy, macro_f1, weighted_f1
from emoasst_core.training.launch import Launch, has_half_precision
from emoasst_core.training.recipes.byte_dropout import byte_dropout
from emoasst_core.training.recipes.head_data import EpochBatches, HeadBatch, HeadData
from emoasst_core.training.recipes.head_options import HeadOptions
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

EVALUATION_BATCH = 64
ROWS_PER_MEAN = 32  # enough for a mean, and an epoch's score stays cheap
TIE_BREAK = 1e-3  # weight of the dev negative log-likelihood in the score: it decides only between equal metrics


class VisualHead(nn.Module):
    """The Visual Fusion Module as one function of a batch."""

    def __init__(self, embed_dim: int, options: HeadOptions) -> None:
        super().__init__()
        self.network = VisualFusionModule(
            embed_dim,
            queries=options.queries,
            encoder_scope=options.encoder_scope,
            num_frames=options.num_frames,
            num_queries=NUM_EMOTIONS,
            dropout=options.dropout,
        )

    def forward(self, values: Tensor, mask: Tensor, queries: Tensor) -> Tensor:
        """(b, n, d) frames -> (b, d) unit vectors."""
        answers: Tensor = self.network(values, queries, mask)
        return nn.functional.normalize(answers.float().mean(1), dim=-1)


class AudioHead(nn.Module):
    """The auditory adapter as one function of a batch."""

    def __init__(self, audio_dim: int, embed_dim: int, options: HeadOptions) -> None:
        super().__init__()
        self.network = AuditoryAdapter(audio_dim, embed_dim, projection=options.projection, dropout=options.dropout)

    def forward(self, values: Tensor, mask: Tensor, queries: Tensor) -> Tensor:  # noqa: ARG002 - one signature for both heads
        """(b, t, audio_dim) states -> (b, d) unit vectors."""
        result: Tensor = self.network(values, mask)
        return result


def head_loss(options: HeadOptions, data: HeadData, launch: Launch) -> Callable[[nn.Module, HeadBatch], Tensor]:
    """The loss of a batch: SupCon over the union of sound and text (Eq. 1), or InfoNCE between video and text."""

    def compute(network: nn.Module, batch: HeadBatch) -> Tensor:
        batch = _moved(batch, launch.device)
        features = launch.gather(network(batch.values, batch.mask, batch.queries))
        targets, labels = launch.gather(batch.targets), launch.gather(batch.labels)
        if data.part == "audio":
            return supcon_loss(torch.cat([features, targets]), labels.repeat(2), options.temperature)
        partners = labels if options.video_loss == "multi-positive" else None
        return info_nce_loss(features, targets, partners, options.temperature)

    return compute


def train_head(
    head: VisualHead | AudioHead,
    train: HeadData,
    dev: HeadData,
    options: HeadOptions,
    checkpoint: Path | None,
    launch: Launch,
    report: Report | None = None,
) -> list[float]:
    """Fit a head, keep its best epoch on dev, and go on from the checkpoint if there is one.

    Returns:
        Mean loss of every epoch.

    Raises:
        ManifestError: no train or no dev row has this modality.
    """
    if len(train) < 2 or not len(dev):
        raise ManifestError(f"Too few rows with {train.part}: {len(train)} to train, {len(dev)} to choose on.",
                            "Check the manifest with --check.")  # fmt: skip
    is_audio = train.part == "audio"
    limit = options.states_per_clip if is_audio else options.num_frames
    trainer = Trainer(
        head,
        TrainerOptions(
            num_epochs=options.num_epochs,
            learning_rate=options.audio_rate if is_audio else options.visual_rate,
            weight_decay=options.weight_decay,
            clip_norm=options.clip_norm,
            patience=options.patience,
            seed=options.seed,
            constant_rate=True,
        ),
        checkpoint,
        mixed_precision=has_half_precision(launch.device),
        launch=launch,
    )
    with byte_dropout(head, enabled=launch.device == "cpu"):
        return trainer.fit(
            lambda _epoch, generator: EpochBatches(
                train, options.batch_size, limit, options.prompts, options.queries, generator, launch
            ),
            head_loss(options, train, launch),
            lambda _module: score_head(head, dev, options, launch.device, train),
            report,
        )


def score_head(
    head: VisualHead | AudioHead, dev: HeadData, options: HeadOptions, device: str = "cpu", train: HeadData | None = None
) -> dict[str, float]:
    """Dev figures of the zero-shot classifier (Eq. 2); `score` is the selection metric, ties broken by likelihood.

    A head that was never shown an emotion's name has nothing to be zero-shot with: every epoch of it would be at chance. With
    `train`, a head trained on utterances only is scored against the class means of train instead.
    """
    embeddings, _ = embed_rows(head, dev, options, device)
    anchors = dev.class_text if train is None or options.prompts == "six" else class_means(head, train, options, device)
    labels = dev.all_labels[dev.rows]
    logits = embeddings @ anchors.T / options.temperature
    predictions = logits.argmax(1)
    log_probs = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    figures = {
        "accuracy": accuracy(labels, predictions),
        "macro_f1": macro_f1(labels, predictions),
        "weighted_f1": weighted_f1(labels, predictions),
        "nll": float(-log_probs[np.arange(len(labels)), labels].mean()),
    }
    return figures | {"score": figures[options.selection] - TIE_BREAK * figures["nll"]}


def selection_protocol(options: HeadOptions) -> str:
    """How `score_head` makes dev figures of a head, for the run card."""
    return "zero-shot" if options.prompts == "six" else "class means of train"


def class_means(head: VisualHead | AudioHead, train: HeadData, options: HeadOptions, device: str = "cpu") -> Vector:
    """(num_emotions, d) unit means of some embedded train rows of each emotion; 0 for an emotion that train lacks."""
    labels = train.all_labels[train.rows]
    found = [train.rows[labels == column] for column in range(NUM_EMOTIONS)]
    some = np.concatenate([rows[:: max(1, len(rows) // ROWS_PER_MEAN)][:ROWS_PER_MEAN] for rows in found])
    data = HeadData(train.store, train.part, train.all_labels, train.class_text, some)
    embeddings, rows = embed_rows(head, data, options, device)
    sums = np.eye(NUM_EMOTIONS, dtype=np.float32)[train.all_labels[rows]].T @ embeddings
    means: Vector = sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6)
    return means


@torch.inference_mode()
def embed_rows(
    head: VisualHead | AudioHead, data: HeadData, options: HeadOptions, device: str = "cpu"
) -> tuple[Vector, NDArray[np.int64]]:
    """Embed rows as they are in use: all sound states, label-free queries, no dropout, single precision.

    Returns:
        (n, d) unit float32 and (n,) the store's row numbers, both in the order of `data.rows`.
    """
    head = head.eval().to(device)
    limit = 0 if data.part == "audio" else options.num_frames
    counts = data.store.counts(data.part)[data.rows]
    order = np.argsort(counts, kind="stable")  # rows of like length together, so that little is padded
    result = np.zeros((len(data), data.class_text.shape[1]), np.float32)
    for start in range(0, len(order), EVALUATION_BATCH):
        places = order[start : start + EVALUATION_BATCH]
        batch = _moved(data.batch(data.rows[places], limit, "utterance", options.queries), device)
        result[places] = head(batch.values, batch.mask, batch.queries).float().cpu().numpy()
    return result, data.rows


def _moved(batch: HeadBatch, device: str) -> HeadBatch:
    if device == "cpu":
        return batch
    return HeadBatch(*(getattr(batch, name).to(device, non_blocking=True) for name in HeadBatch.__slots__))
