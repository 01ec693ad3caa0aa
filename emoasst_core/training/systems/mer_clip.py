"""The recipe of MER-CLIP. At small size the picture and word towers are frozen, the sound tower learns with the decoder."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.datatypes import Modality
from emoasst_core.evaluation.metrics import accuracy, macro_f1
from emoasst_core.evaluation.multilabel import choose_threshold, multilabel_figures, sentiment_figures
from emoasst_core.systems.clip_towers import FULL_CLIP, SMALL_CLIP, ClipTowers
from emoasst_core.systems.mel_pictures import MER_CLIP_MEL, as_pictures, mel_segments
from emoasst_core.systems.mer_clip.network import MerClip, MerClipOptions
from emoasst_core.systems.modality_dropout import drop_modalities
from emoasst_core.systems.profile import SystemProfile
from emoasst_core.systems.sequences import spread
from emoasst_core.systems.system_recogniser import save_network
from emoasst_core.training.systems.examples import ExampleSet
from emoasst_core.training.systems.finishing import Training, finish
from emoasst_core.training.systems.token_batches import Inputs, RowBatches, gather, presence
from emoasst_core.training.trainer import Trainer, TrainerOptions

NUM_FRAMES: Final = {"small": 4, "full": 12}
RATE: Final = {"small": 7e-4, "full": 1e-5}  # the paper's rates were lost in its text; these are this project's
SMALL_DROPOUT: Final = 0.25  # of whole modalities in training, so that any subset can be read
ENCODE_BATCH: Final = 64


@dataclass(frozen=True, slots=True)
class MerClipData:
    """Everything that training needs of the examples.

    Attributes:
        inputs: per modality.
        labels, presences, sentiments: (n,), (n, num_emotions), (n,) with NaN where unknown.
        rows: {split: (k,) row numbers}.
    """

    inputs: dict[Modality, Inputs]
    labels: Tensor
    presences: Tensor
    sentiments: Tensor
    rows: dict[str, Tensor]


def train_mer_clip(examples: ExampleSet, training: Training) -> dict[str, Any]:
    """Train, calibrate and write the profile.

    Args:
        examples: with train and dev rows.
        training: sizes, seed, folders ("clip"), and `choices` of `MerClipOptions` plus "trained" and "loss".

    Returns:
        The run card.
    """
    training.begin("mer-clip", examples)
    module, trained = build(training)
    data = read_data(examples, module, trained, NUM_FRAMES[training.size])
    options = TrainerOptions(
        training.epochs(8, 20), RATE[training.size], 0.001 if training.size == "full" else 0.02, 1.0,
        ema_decay=0.98 if training.size == "small" else 0.0, clip_norm=1.0, seed=training.seed,
    )  # fmt: skip
    batch_size = 32 if training.size == "small" else 16
    loss = MerClipLoss(data, trained, str(training.choices.get("loss", "both")))
    Trainer(module, options, training.out / "training.pt").fit(
        lambda _epoch, generator: [
            (rows, generator) for rows in RowBatches(data.labels[data.rows["train"]], batch_size, generator)
        ],
        loss,
        lambda network: score(network, data, "dev"),
        training.tell("MER-CLIP"),
    )
    save_network(module, training.out)
    profile = SystemProfile(
        training.out.name, "mer-clip", module.settings, NUM_FRAMES[training.size], max_sound_s=24.0,
        summary=f"MER-CLIP, {training.size}, trained on {examples.name}",
    )  # fmt: skip
    facts = {"dev_tasks": task_figures(module, data), "trained_towers": "+".join(trained), "loss": loss.kind}
    return finish(training, profile, examples, facts)


def build(training: Training) -> tuple[MerClip, tuple[str, ...]]:
    """The network, and the modalities whose towers are trained."""
    clip = training.folders.get("clip")
    towers = ClipTowers.from_folder(clip) if clip else ClipTowers(SMALL_CLIP if training.size == "small" else FULL_CLIP)
    own = {"loss", "trained"}
    options = MerClipOptions(**{name: value for name, value in training.choices.items() if name not in own})
    if training.size == "small":
        options = replace(options, hidden_dim=256, shared_text=True, num_heads=4)
    default = ("voice",) if training.size == "small" else ("face", "voice", "words")
    trained = tuple(training.choices.get("trained", default))
    module = MerClip(towers, options)
    module.freeze(trained)
    return module, trained


@torch.no_grad()
def read_data(examples: ExampleSet, module: MerClip, trained: tuple[str, ...], num_frames: int) -> MerClipData:
    """Prepare every example; frozen towers run here, once."""
    module.eval()
    faces, voices, words = [], [], []
    size, width = module.towers.image_size, module.towers.embed_dim
    for example in examples.examples:
        if example.frames is None:
            pictures = torch.zeros(0, 3, size, size)
        else:
            pictures = module.towers.prepare(example.frames[spread(len(example.frames), num_frames)])
        faces.append(pictures if "face" in trained else module.face_tokens(pictures) if len(pictures) else torch.zeros(0, width))
        voices.append(_sound_pictures(example.samples, size))
        numbers = module.towers.tokenize([example.text])
        if "words" in trained:
            words.append(numbers)
        else:
            tokens, mask = module.word_tokens(numbers)
            words.append(tokens[0][mask[0]] if example.text else torch.zeros(0, width))
    inputs = {
        Modality.FACE: Inputs(tuple(faces), "face" in trained),
        Modality.VOICE: Inputs(tuple(voices), is_raw=True),
        Modality.WORDS: Inputs(tuple(words), "words" in trained),
    }
    splits = np.array([example.split for example in examples.examples])
    rows = {name: torch.from_numpy(np.flatnonzero(splits == name)) for name in ("train", "dev", "test")}
    return MerClipData(
        inputs, torch.from_numpy(examples.labels), torch.from_numpy(examples.multi_labels),
        torch.from_numpy(examples.sentiments).float(), rows,
    )  # fmt: skip


def _sound_pictures(samples: Any, size: int) -> Tensor:
    """(segments, 1, size, size), one of the three equal colours."""
    if samples is None:
        return torch.zeros(0, 1, size, size)
    return as_pictures(mel_segments(samples, MER_CLIP_MEL), size)[:, :1].contiguous()


def tokens_of(module: MerClip, data: MerClipData, rows: Tensor, kept: Tensor) -> dict[Modality, tuple[Tensor, Tensor]]:
    """{modality: tokens and mask} of some rows; sound is shifted and partly hidden while training."""

    def hear(pictures: Tensor) -> Tensor:
        shown = hide(pictures) if module.training else pictures
        return module.voice_tokens(shown.expand(-1, 3, -1, -1))

    run = {Modality.FACE: module.face_tokens, Modality.VOICE: hear}
    inputs = dict(data.inputs)
    words = inputs[Modality.WORDS]
    if not words.is_raw:
        return gather(inputs, rows, kept, module.towers.embed_dim, run)
    del inputs[Modality.WORDS]
    tokens = gather(inputs, rows, kept, module.towers.embed_dim, run)
    found, mask = module.word_tokens(torch.cat([words.items[int(row)] for row in rows]))
    tokens[Modality.WORDS] = found, mask & kept[:, list(data.inputs).index(Modality.WORDS), None]
    return tokens


def hide(pictures: Tensor) -> Tensor:
    """(n, 1, s, s) -> the same with one band of pitches and one stretch of time at the mean (SpecAugment), rolled in time."""
    size = pictures.shape[-1]
    changed = torch.roll(pictures, int(torch.randint(-size // 6, size // 6 + 1, ())), -1).clone()
    for dimension in (-2, -1):
        width = int(torch.randint(1, size // 5 + 2, ()))
        changed.narrow(dimension, int(torch.randint(0, size - width, ())), width).fill_(0.0)
    return changed


class MerClipLoss:
    """Cross entropy of the emotion, of its presence among several, and of the sentiment."""

    def __init__(self, data: MerClipData, trained: tuple[str, ...], kind: str) -> None:
        self.data, self.trained, self.kind = data, trained, kind
        self.there = presence(data.inputs)

    def __call__(self, network: nn.Module, batch: tuple[Tensor, torch.Generator]) -> Tensor:
        """Loss of one batch of rows of the train split."""
        module: Any = network
        chosen, generator = batch
        rows = self.data.rows["train"][chosen]
        kept = drop_modalities(self.there[rows], SMALL_DROPOUT, generator)
        tokens = tokens_of(module, self.data, rows, kept)
        logits = module(tokens, "emotion")
        total = torch.zeros(())
        if self.kind in ("both", "single"):
            total = total + F.cross_entropy(logits, self.data.labels[rows], label_smoothing=0.05)
        if self.kind in ("both", "multi"):
            total = total + F.binary_cross_entropy_with_logits(module.presence_logits(logits), self.data.presences[rows])
        sentiments = self.data.sentiments[rows]
        known = torch.isfinite(sentiments) & (sentiments != 0)
        if bool(known.any()):
            answers = module(tokens, "sentiment")[known]
            total = total + 0.3 * F.cross_entropy(answers, (sentiments[known] > 0).long())
        return total


@torch.inference_mode()
def answers(module: MerClip, data: MerClipData, split: str, task: Any = "emotion") -> Tensor:
    """(k, num_labels) logits of a split, all modalities."""
    there = presence(data.inputs)
    rows = data.rows[split]
    parts = [module(tokens_of(module, data, some, there[some]), task) for some in torch.split(rows, ENCODE_BATCH)]
    return torch.cat(parts)


def score(network: nn.Module, data: MerClipData, split: str) -> dict[str, float]:
    """Accuracy and macro F1; `score` is the latter, with a little of the likelihood."""
    module: Any = network
    logits = answers(module, data, split)
    labels = data.labels[data.rows[split]]
    nll = float(F.cross_entropy(logits, labels))
    found = logits.argmax(1).numpy()
    figures = {"accuracy": accuracy(labels.numpy(), found), "macro_f1": macro_f1(labels.numpy(), found), "nll": nll}
    return {**figures, "score": figures["macro_f1"] - 0.02 * nll}


@torch.inference_mode()
def task_figures(module: MerClip, data: MerClipData, split: str = "dev") -> dict[str, Any]:
    """Several emotions at once, and sentiment by both conventions; the threshold is chosen on dev."""
    chosen = torch.sigmoid(module.presence_logits(answers(module, data, "dev"))).numpy()
    threshold = choose_threshold(data.presences[data.rows["dev"]].numpy() > 0.5, chosen)
    probs = torch.sigmoid(module.presence_logits(answers(module, data, split))).numpy()
    several = multilabel_figures(data.presences[data.rows[split]].numpy() > 0.5, probs >= threshold)
    is_positive = answers(module, data, split, "sentiment").argmax(1).numpy() == 1
    sentiment = sentiment_figures(data.sentiments[data.rows[split]].double().numpy(), is_positive)
    return {"several": {"threshold": threshold, **several}, "sentiment": sentiment}
