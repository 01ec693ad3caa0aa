"""The recipe of EmoVCLIP: deep prompts, features once, then folds of attention fusion with self-training."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import Modality
from emoasst_core.evaluation.metrics import accuracy, macro_f1, weighted_f1
from emoasst_core.evaluation.system_scores import embed_example
from emoasst_core.systems.clip_towers import FULL_CLIP, SMALL_CLIP, ClipTowers
from emoasst_core.systems.emovclip.fusion import AttentionFusion
from emoasst_core.systems.emovclip.network import FEATURES, EmoVClip
from emoasst_core.systems.emovclip.recogniser import EmoVClipRecogniser, named_features
from emoasst_core.systems.emovclip.self_training import NUM_ROUNDS, PER_CLASS, self_train
from emoasst_core.systems.emovclip.speech_features import HUBERT_LARGE
from emoasst_core.systems.folds import speaker_folds
from emoasst_core.systems.modality_dropout import drop_modalities
from emoasst_core.systems.pretrained import load_pretrained
from emoasst_core.systems.profile import SystemProfile
from emoasst_core.systems.sequences import spread
from emoasst_core.systems.system_recogniser import save_network
from emoasst_core.training.systems.examples import ExampleSet
from emoasst_core.training.systems.finishing import Training, finish
from emoasst_core.training.systems.token_batches import RowBatches
from emoasst_core.training.trainer import Trainer, TrainerOptions

NUM_FRAMES: Final = {"small": 4, "full": 16}
FRAMES_PER_STEP: Final = 2  # frames of an utterance that the prompts see at a time
DROPOUT_RATE: Final = 0.3  # the paper's, chosen on its test; 0 was better on its Train&Val
FUSION_EPOCHS: Final = {"small": 20, "full": 30}
FUSION_RATE: Final = {"small": 1e-3, "full": 3e-4}  # full: as printed
UNLABELLED_SPEAKERS: Final = 3
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class FeatureTable:
    """Features of examples.

    Attributes:
        values: (n, sum of widths).
        present: (n, 4) which of `FEATURES` there are.
        labels: (n,).
    """

    values: Tensor
    present: Tensor
    labels: Tensor

    def take(self, rows: Rows | Tensor) -> FeatureTable:
        """Some rows."""
        chosen = torch.as_tensor(rows)
        return FeatureTable(self.values[chosen], self.present[chosen], self.labels[chosen])


def train_emovclip(examples: ExampleSet, training: Training) -> dict[str, Any]:
    """Train, calibrate and write the profile.

    Args:
        examples: with train and dev rows of at least eight training speakers (five folds and the unlabelled ones).
        training: sizes, seed, folders ("clip", "speech") and `choices`: rate, per_class, num_rounds, num_folds, augments_text.

    Returns:
        The run card.
    """
    training.begin("emovclip", examples)
    network = build(training)
    train_prompts(network, examples, training)
    save_network(network, training.out)
    profile = SystemProfile(
        training.out.name, "emovclip", network.settings, NUM_FRAMES[training.size],
        summary=f"EmoVCLIP, {training.size}, trained on {examples.name}",
    )  # fmt: skip
    profile.write(training.out)
    table = read_features(training.out, examples)
    facts = train_folds(network, examples, table, training)
    save_network(network, training.out)
    return finish(training, profile, examples, facts)


def build(training: Training) -> EmoVClip:
    """The network with the CLIP and the speech model that were given."""
    clip, speech = training.folders.get("clip"), training.folders.get("speech")
    towers = ClipTowers.from_folder(clip) if clip else ClipTowers(SMALL_CLIP if training.size == "small" else FULL_CLIP)
    settings: dict[str, Any] = {"kind": "mel-statistics"}
    if speech or training.size == "full":
        settings = {"kind": "hubert", "config": _hubert_config(speech)}
    network = EmoVClip(
        towers, settings, int(training.choices.get("num_folds", 5)), 128 if training.size == "small" else 256,
        augments_text=bool(training.choices.get("augments_text", True)),
    )  # fmt: skip
    if speech:
        load_pretrained(network.speech.network, speech)
    return network


def _hubert_config(folder: Path | None) -> dict[str, Any]:
    if folder is None:
        return HUBERT_LARGE
    values: dict[str, Any] = json.loads((folder / "config.json").read_text("utf-8"))
    return values


def train_prompts(network: EmoVClip, examples: ExampleSet, training: Training) -> None:
    """Fit the deep prompts (and the scale) by cross entropy over the label sentences; everything else is frozen."""
    network.requires_grad_(False)
    network.prompts.requires_grad_(True)
    network.log_scale.requires_grad_(True)
    train, dev = (_pictures(network, examples.split(name)) for name in ("train", "dev"))

    def loss(module: nn.Module, rows: Tensor) -> Tensor:
        trained: Any = module
        pictures, labels = train
        frames = pictures[rows].flatten(0, 1)
        features = trained.prompts.picture_features(trained.towers, frames).reshape(len(rows), pictures.shape[1], -1)
        return F.cross_entropy(trained.prompted_logits(features), labels[rows], label_smoothing=0.1)

    def score(module: nn.Module) -> dict[str, float]:
        trained: Any = module
        pictures, labels = dev
        found = [
            trained.prompted_logits(
                trained.prompts.picture_features(trained.towers, part.flatten(0, 1)).reshape(*part.shape[:2], -1)
            )
            for part in torch.split(pictures, 64)
        ]
        predictions = torch.cat(found).argmax(1).numpy()
        return {"accuracy": accuracy(labels.numpy(), predictions), "score": macro_f1(labels.numpy(), predictions)}

    rate = 8e-3 if training.size == "small" else 3e-4
    options = TrainerOptions(training.epochs(4, 30), rate, 0.0, 0.5, clip_norm=1.0, seed=training.seed)
    Trainer(network, options, training.out / "prompts.pt").fit(
        lambda _epoch, generator: RowBatches(train[1], 32, generator), loss, score, training.tell("EmoVCLIP prompts")
    )


@torch.no_grad()
def _pictures(network: EmoVClip, examples: ExampleSet) -> tuple[Tensor, Tensor]:
    """(n, frames, ...) prepared pictures of the examples with a face (maps behind a frozen stem) and labels."""
    seen = [example for example in examples.examples if example.frames is not None]
    parts = []
    for example in seen:
        assert example.frames is not None
        pictures = network.towers.prepare(example.frames[spread(len(example.frames), FRAMES_PER_STEP)])
        stem = getattr(network.towers.visual.conv1, "trunk", None)
        parts.append(stem(pictures) if stem is not None else pictures)
    return torch.stack(parts), torch.tensor([example.label for example in seen])


def read_features(folder: Path, examples: ExampleSet) -> FeatureTable:
    """Features of every example, made by the recogniser itself, as in use."""
    recogniser = EmoVClipRecogniser(folder)
    network = recogniser.network
    values, present = [], []
    for example in examples.examples:
        embedded = embed_example(recogniser, example)
        found = named_features(
            {name: torch.from_numpy(np.array(vector)) for name, vector in embedded.items() if name in Modality}
        )
        values.append(torch.cat([found.get(name, torch.zeros(network.widths[name])) for name in FEATURES]))
        present.append([name in found for name in FEATURES])
    return FeatureTable(torch.stack(values), torch.tensor(present), torch.from_numpy(examples.labels))


def train_folds(network: EmoVClip, examples: ExampleSet, table: FeatureTable, training: Training) -> dict[str, Any]:
    """Fill the network's folds.

    The last speakers of train play the unlabelled data: their labels are not used.

    Returns:
        What the card says of it.
    """
    splits = np.array([example.split for example in examples.examples])
    speakers = np.array([example.speaker for example in examples.examples])
    rows = np.flatnonzero(splits == "train")
    unlabelled_speakers = np.unique(speakers[rows])[-int(training.choices.get("unlabelled_speakers", UNLABELLED_SPEAKERS)) :]
    is_unlabelled = np.isin(speakers[rows], unlabelled_speakers)
    labelled, unlabelled = table.take(rows[~is_unlabelled]), table.take(rows[is_unlabelled])
    folds = speaker_folds(speakers[rows[~is_unlabelled]].tolist(), len(network.folds), training.seed)
    rate = float(training.choices.get("rate", DROPOUT_RATE))

    def blank() -> AttentionFusion:
        widths = [network.widths[name] for name in FEATURES]
        return AttentionFusion(widths, network.settings["hidden_dim"], network.settings["dropout"])

    def fit(pseudo_rows: Rows, pseudo_labels: Rows) -> list[AttentionFusion]:
        more = unlabelled.take(pseudo_rows)
        more = FeatureTable(more.values, more.present, torch.from_numpy(pseudo_labels))
        return [
            fit_fusion(join(labelled.take(own), more), labelled.take(held), blank, rate, training.seed + number, training.size)
            for number, (own, held) in enumerate(folds)
        ]

    def score(models: Any) -> float:
        return float(
            np.mean([weighted_score(model, labelled.take(held)) for model, (_, held) in zip(models, folds, strict=True)])
        )

    outcome = self_train(
        fit, lambda model, chosen: softmax_of(model, unlabelled.take(chosen)), score, len(unlabelled.labels),
        int(training.choices.get("per_class", PER_CLASS)), int(training.choices.get("num_rounds", NUM_ROUNDS)),
    )  # fmt: skip
    for own, found in zip(network.folds, outcome.folds, strict=True):
        own.load_state_dict(found.state_dict())
    right = unlabelled.labels.numpy()[outcome.rows] == outcome.labels
    return {
        "dropout_rate": rate, "self_training_rounds": outcome.num_rounds,
        "fold_scores": [round(value, 4) for value in outcome.scores],
        "self_training_stopped": outcome.stopped_because, "pseudo_labels": len(outcome.rows),
        "pseudo_labels_right": round(float(right.mean()), 4) if len(right) else None,
        "unlabelled_speakers": unlabelled_speakers.tolist(),
    }  # fmt: skip


def join(first: FeatureTable, second: FeatureTable) -> FeatureTable:
    """One table after the other."""
    return FeatureTable(
        torch.cat([first.values, second.values]),
        torch.cat([first.present, second.present]),
        torch.cat([first.labels, second.labels]),
    )


def fit_fusion(
    train: FeatureTable,
    valid: FeatureTable,
    blank: Callable[[], AttentionFusion],
    rate: float,
    seed: int,
    size: str,
) -> AttentionFusion:
    """One fold: Adam, modality dropout, and the epoch that is best on the fold's own held-out speakers.

    Args:
        train, valid: features of the fold's rows, and of its held-out speakers.
        blank: makes the network.
        rate: of the modality dropout.
        seed: of the weights, the order and the dropout.
        size: "small" or "full", for the learning rate and the number of epochs.
    """
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    model = blank()
    model.fit_scale(train.values, train.present)
    optimizer = torch.optim.Adam(model.parameters(), lr=FUSION_RATE[size])
    best, best_state = -1.0, {name: value.clone() for name, value in model.state_dict().items()}
    for _ in range(FUSION_EPOCHS[size]):
        model.train()
        for rows in RowBatches(train.labels, 64, generator):
            kept = drop_modalities(train.present[rows], rate, generator)
            loss = F.cross_entropy(model(train.values[rows], kept), train.labels[rows], label_smoothing=0.05)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        found = weighted_score(model, valid)
        if found > best:
            best, best_state = found, {name: value.clone() for name, value in model.state_dict().items()}
    model.load_state_dict(best_state)
    return model.eval()


def softmax_of(model: AttentionFusion, table: FeatureTable) -> NDArray[np.float64]:
    """(n, num_emotions) probabilities."""
    model.eval()
    with torch.inference_mode():
        result: NDArray[np.float64] = torch.softmax(model(table.values, table.present), 1).double().numpy()
    return result


def weighted_score(model: AttentionFusion, table: FeatureTable) -> float:
    """Weighted F1 (WAF), the challenge's measure."""
    return weighted_f1(table.labels.numpy(), softmax_of(model, table).argmax(1))
