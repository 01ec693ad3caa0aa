"""The recipe of MER-SEM-MBT: weighted BCE of each emotion against the rest; thresholds per class chosen on dev."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emoasst_core.datatypes import Modality
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.evaluation.metrics import accuracy, macro_f1
from emoasst_core.evaluation.multilabel import choose_class_thresholds, positive_f1, weighted_accuracy
from emoasst_core.systems.clip_towers import SMALL_CLIP, ClipTowers
from emoasst_core.systems.modality_dropout import drop_modalities
from emoasst_core.systems.pretrained import load_pretrained
from emoasst_core.systems.profile import SystemProfile
from emoasst_core.systems.sem_mbt.network import SMALL, SemMbt, SemMbtOptions, SemMbtSystem
from emoasst_core.systems.sem_mbt.preparation import MAX_STEPS, as_inputs, picture_rows, sound_rows, step_frames
from emoasst_core.systems.system_recogniser import save_network
from emoasst_core.systems.text_states import TOKENIZER_FILE, BertStates, ClipStates, train_tokenizer
from emoasst_core.training.systems.examples import ExampleSet
from emoasst_core.training.systems.finishing import Training, finish
from emoasst_core.training.systems.token_batches import Inputs, RowBatches, gather, presence
from emoasst_core.training.trainer import Trainer, TrainerOptions

NUM_FRAMES: Final = {"small": 2, "full": 8}  # steps that look at a face
DROPOUT_RATE: Final = 0.2
ENCODE_BATCH: Final = 64
ORDER: Final = (Modality.FACE, Modality.VOICE, Modality.WORDS)


@dataclass(frozen=True, slots=True)
class SemMbtData:
    """Prepared examples: inputs per modality, labels, and the rows of each split."""

    inputs: dict[Modality, Inputs]
    labels: Tensor
    rows: dict[str, Tensor]


def train_sem_mbt(examples: ExampleSet, training: Training) -> dict[str, Any]:
    """Train, calibrate and write the profile.

    Args:
        examples: with train and dev rows.
        training: sizes, seed, folders ("bert", or "clip" for the small size's words) and `choices` of `SemMbtOptions`.

    Returns:
        The run card.
    """
    training.begin("sem-mbt", examples)
    system, text_settings = build(examples, training)
    data = read_data(examples, system, training.size)
    options = TrainerOptions(
        training.epochs(12, 30), 1e-3 if training.size == "small" else 1e-4, 0.01, 0.5,
        ema_decay=0.95 if training.size == "small" else 0.0, clip_norm=1.0, patience=6, seed=training.seed,
    )  # fmt: skip
    batch_size = 32 if training.size == "small" else 8
    positive = positive_weights(data.labels[data.rows["train"]])
    Trainer(system.network, options, training.out / "training.pt").fit(
        lambda _epoch, generator: [
            (rows, generator) for rows in RowBatches(data.labels[data.rows["train"]], batch_size, generator)
        ],
        lambda network, batch: weighted_loss(network, data, positive, batch),
        lambda network: score(network, data, "dev"),
        training.tell("MER-SEM-MBT"),
    )
    save_network(system, training.out)
    settings = {**system.network.settings, "text": text_settings}
    profile = SystemProfile(
        training.out.name, "sem-mbt", settings, NUM_FRAMES[training.size], max_sound_s=MAX_STEPS[training.size] * 0.96,
        summary=f"MER-SEM-MBT, {training.size}, trained on {examples.name}",
    )  # fmt: skip
    return finish(training, profile, examples, {"one_against_the_rest": class_figures(system.network, data), **counts(system)})


def build(examples: ExampleSet, training: Training) -> tuple[SemMbtSystem, dict[str, Any]]:
    """The networks, and what the profile must say to build the text states again."""
    bert, clip = training.folders.get("bert"), training.folders.get("clip")
    options = replace(SMALL if training.size == "small" else SemMbtOptions(), **training.choices)
    text: nn.Module
    if training.size == "small" and bert is None:
        towers = ClipTowers.from_folder(clip) if clip else ClipTowers(SMALL_CLIP)
        settings: dict[str, Any] = {"kind": "clip", "towers": towers.settings}
        text = ClipStates(towers)
    else:
        text, settings = open_bert(bert, examples, training.out)
    text.requires_grad_(False).eval()
    return SemMbtSystem(text, SemMbt(int(text.width), options)), settings


def open_bert(folder: Path | None, examples: ExampleSet, out: Path) -> tuple[BertStates, dict[str, Any]]:
    """A BERT of a folder with its tokenizer, or of base size with random weights and a vocabulary of the training texts.

    Raises:
        ModelError: as `load_pretrained`.
    """
    if folder is None:
        train_tokenizer([example.text for example in examples.split("train").examples], out / TOKENIZER_FILE)
        return BertStates("bert", {}, out / TOKENIZER_FILE), {"kind": "bert", "config": {}}
    from emoasst_core.encoders.checkpoints import require_file

    config = json.loads(require_file(folder, "config.json").read_text("utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(require_file(folder, TOKENIZER_FILE), out / TOKENIZER_FILE)
    kind = str(config.get("model_type", "bert"))
    text = BertStates(kind, config, out / TOKENIZER_FILE)
    load_pretrained(text.network, folder)
    return text, {"kind": kind, "config": config}


@torch.no_grad()
def read_data(examples: ExampleSet, system: SemMbtSystem, size: str) -> SemMbtData:
    """Prepare every example; the text states are frozen and computed once."""
    options = system.network.options
    faces, voices, words = [], [], []
    for example in examples.examples:
        if example.frames is None:
            faces.append(torch.zeros(0, 3 * options.picture_size**2))
        else:
            rows = step_frames(len(example.frames), min(NUM_FRAMES[size], len(example.frames)))
            faces.append(as_inputs(picture_rows(example.frames[rows], options.picture_size)))
        sound = torch.zeros(0, 64 * 96) if example.samples is None else sound_rows(example.samples, MAX_STEPS[size])
        voices.append(as_inputs(sound))
        if example.text:
            states, mask = system.text([example.text])
            words.append(as_inputs(states[0][mask[0]]))
        else:
            words.append(torch.zeros(0, system.network.text_dim))
    inputs = dict(zip(ORDER, (Inputs(tuple(faces)), Inputs(tuple(voices)), Inputs(tuple(words))), strict=True))
    splits = np.array([example.split for example in examples.examples])
    rows_of = {name: torch.from_numpy(np.flatnonzero(splits == name)) for name in ("train", "dev", "test")}
    return SemMbtData(inputs, torch.from_numpy(examples.labels), rows_of)


def prepared_of(data: SemMbtData, rows: Tensor, kept: Tensor, is_training: bool) -> dict[Modality, tuple[Tensor, Tensor]]:
    """{modality: (b, t, width) and mask}; while training, pictures are mirrored and sound is shifted and partly hidden."""
    widths = {name: part.items[0].shape[1] for name, part in data.inputs.items()}
    prepared = {
        name: gather({name: part}, rows, kept[:, [column]], widths[name], {})[name]
        for column, (name, part) in enumerate(data.inputs.items())
    }
    if is_training:
        faces, mask = prepared[Modality.FACE]
        size = round((faces.shape[-1] / 3) ** 0.5)
        mirrored = faces.reshape(*faces.shape[:2], 3, size, size).flip(-1).flatten(2)
        prepared[Modality.FACE] = torch.where(torch.rand(len(faces), 1, 1) < 0.5, mirrored, faces), mask
        sound, mask = prepared[Modality.VOICE]
        prepared[Modality.VOICE] = hide(sound.reshape(*sound.shape[:2], 64, 96)).flatten(2), mask
    return prepared


def hide(sound: Tensor) -> Tensor:
    """(b, t, mels, columns): one band of pitches and one stretch of time of the batch at the mean, all rolled in time."""
    changed = torch.roll(sound, int(torch.randint(-12, 13, ())), -1).clone()
    for dimension, longest in ((-2, 10), (-1, 16)):
        width = int(torch.randint(1, longest, ()))
        changed.narrow(dimension, int(torch.randint(0, sound.shape[dimension] - width, ())), width).fill_(0.0)
    return changed


def positive_weights(labels: Tensor) -> Tensor:
    """(num_emotions,) number of negatives per positive in these labels."""
    count = torch.bincount(labels, minlength=NUM_EMOTIONS).float()
    return (len(labels) - count) / count.clamp_min(1)


def weighted_loss(network: nn.Module, data: SemMbtData, positive: Tensor, batch: tuple[Tensor, torch.Generator]) -> Tensor:
    """BCE of the fused scores, and of each modality's own at a lower weight."""
    module: Any = network
    chosen, generator = batch
    rows = data.rows["train"][chosen]
    kept = drop_modalities(presence(data.inputs)[rows], DROPOUT_RATE, generator)
    scores, present = module.scores(prepared_of(data, rows, kept, module.training))
    decided, _ = module.decision(scores, present)
    targets = F.one_hot(data.labels[rows], NUM_EMOTIONS).float()
    fused = F.binary_cross_entropy_with_logits(decided, targets, pos_weight=positive)
    single = F.binary_cross_entropy_with_logits(
        scores, targets[:, None].expand_as(scores), pos_weight=positive, reduction="none"
    ).mean(2)  # fmt: skip
    total: Tensor = fused + 0.3 * (single * present).sum() / present.sum().clamp_min(1)
    return total


@torch.inference_mode()
def logits_of(module: Any, data: SemMbtData, split: str) -> Tensor:
    """(k, num_emotions) of a split, all modalities."""
    rows = data.rows[split]
    there = presence(data.inputs)
    return torch.cat([module(prepared_of(data, part, there[part], False)) for part in torch.split(rows, ENCODE_BATCH)])


def score(network: nn.Module, data: SemMbtData, split: str) -> dict[str, float]:
    """Accuracy and macro F1 of the likeliest emotion."""
    labels, found = data.labels[data.rows[split]].numpy(), logits_of(network, data, split).argmax(1).numpy()
    figures = {"accuracy": accuracy(labels, found), "macro_f1": macro_f1(labels, found)}
    return {**figures, "score": figures["macro_f1"]}


def class_figures(network: nn.Module, data: SemMbtData, split: str = "dev") -> dict[str, Any]:
    """Average accuracy, weighted accuracy and F1 over the classes, each against the rest (Eq. 7-12), thresholds chosen on dev.

    F1 is that of the positive class; "f1_both" weighs both classes, as a published script does for MOSEI.
    """
    truth_dev = np.eye(NUM_EMOTIONS, dtype=bool)[data.labels[data.rows["dev"]].numpy()]
    thresholds = choose_class_thresholds(truth_dev, torch.sigmoid(logits_of(network, data, "dev")).numpy())
    truth = np.eye(NUM_EMOTIONS, dtype=bool)[data.labels[data.rows[split]].numpy()]
    found = torch.sigmoid(logits_of(network, data, split)).numpy() >= thresholds
    columns = range(NUM_EMOTIONS)
    shares = truth.mean(0)
    both = [
        shares[c] * positive_f1(truth[:, c], found[:, c]) + (1 - shares[c]) * positive_f1(~truth[:, c], ~found[:, c])
        for c in columns
    ]
    return {
        "thresholds": thresholds.tolist(), "accuracy": float((truth == found).mean()),
        "weighted_accuracy": float(np.mean([weighted_accuracy(truth[:, c], found[:, c]) for c in columns])),
        "f1": float(np.mean([positive_f1(truth[:, c], found[:, c]) for c in columns])), "f1_both": float(np.mean(both)),
    }  # fmt: skip


def counts(system: SemMbtSystem) -> dict[str, int]:
    """Parameters of the parts, the text model included in full."""
    network = system.network
    enhancements = sum(
        weight.numel() for part in (network.vggish.enhance, network.resnet.enhance) for weight in part.parameters()
    )
    parts = {"vggish": network.vggish, "resnet": network.resnet, "encoder": network.encoder, "text": system.text}
    sizes = {f"parameters_{name}": sum(weight.numel() for weight in part.parameters()) for name, part in parts.items()}
    return {**sizes, "parameters_sem": enhancements}
