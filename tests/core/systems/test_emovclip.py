"""EmoVCLIP: prompts of the stated size that change a frozen CLIP, fusion, self-training that helps and does no harm."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from numpy.typing import NDArray

from emoasst_core.errors import ConfigError, ManifestError
from emoasst_core.systems.clip_towers import FULL_CLIP, ClipTowers
from emoasst_core.systems.emovclip.fusion import AttentionFusion
from emoasst_core.systems.emovclip.network import EmoVClip
from emoasst_core.systems.emovclip.pooling import pool_frames
from emoasst_core.systems.emovclip.prompts import DeepPrompts
from emoasst_core.systems.emovclip.self_training import self_train, surest
from emoasst_core.systems.emovclip.text_augmenter import LocalTextAugmenter
from emoasst_core.systems.folds import session_folds, speaker_folds
from emoasst_core.training.systems.emovclip import FeatureTable, train_folds
from emoasst_core.training.systems.examples import Example, ExampleSet
from emoasst_core.training.systems.finishing import Training
from tests.core.systems.test_mer_clip import TINY

DEEP: dict[str, Any] = {**TINY, "vision_cfg": {**TINY["vision_cfg"], "layers": 3}, "text_cfg": {**TINY["text_cfg"], "layers": 2}}


@pytest.fixture(scope="module")
def towers() -> ClipTowers:
    torch.manual_seed(0)
    return ClipTowers(DEEP).eval().requires_grad_(False)


def shape_of(model_cfg: dict[str, Any]) -> Any:
    """What the prompts look at: widths and numbers of layers."""
    vision, text = model_cfg["vision_cfg"], model_cfg["text_cfg"]
    return SimpleNamespace(
        visual=SimpleNamespace(
            class_embedding=torch.zeros(vision["width"]), transformer=SimpleNamespace(resblocks=[None] * vision["layers"])
        ),
        text=SimpleNamespace(
            token_embedding=SimpleNamespace(weight=torch.zeros(2, text["width"])),
            transformer=SimpleNamespace(resblocks=[None] * text["layers"]),
        ),
    )


def test_prompts_of_vit_b_32_are_61440_parameters_and_of_l_14_86016() -> None:
    large = {"vision_cfg": {"width": 1024, "layers": 24}, "text_cfg": {"width": 768, "layers": 12}}
    for model_cfg, expected in ((FULL_CLIP, 61_440), (large, 86_016)):
        assert sum(weight.numel() for weight in DeepPrompts(shape_of(model_cfg)).parameters()) == expected


def test_prompts_stop_at_the_layers_there_are(towers: ClipTowers) -> None:
    prompts = DeepPrompts(towers, 4, 12)
    assert {name: tuple(weight.shape) for name, weight in prompts.tokens.items()} == {"vision": (3, 4, 32), "text": (2, 4, 16)}


def test_every_layers_prompts_reach_the_features_and_only_they_learn(towers: ClipTowers) -> None:
    torch.manual_seed(1)
    prompts = DeepPrompts(towers)
    pictures, numbers = torch.randn(2, 3, 16, 16), towers.tokenize(["a glad person", "a sad person"])
    (prompts.picture_features(towers, pictures) @ prompts.text_features(towers, numbers).T)[0, 1].backward()
    for weight in prompts.tokens.values():
        assert bool((weight.grad.abs().amax((1, 2)) > 0).all())
    assert all(weight.grad is None for weight in towers.parameters())


def test_without_prompt_tokens_the_frozen_clip_is_unchanged(towers: ClipTowers) -> None:
    prompts = DeepPrompts(towers, num_tokens=0)
    pictures, numbers = torch.randn(2, 3, 16, 16), towers.tokenize(["a glad person", "a sad person"])
    torch.testing.assert_close(prompts.picture_features(towers, pictures), towers.picture_features(pictures))
    torch.testing.assert_close(prompts.text_features(towers, numbers), towers.text_features(numbers))


def test_pooling_gives_mean_and_variance() -> None:
    frames = torch.tensor([[1.0, 2.0], [3.0, 2.0]])
    assert pool_frames(frames, "mean").tolist() == [2.0, 2.0]
    assert pool_frames(frames, "meanvar").tolist() == [2.0, 2.0, 1.0, 0.0]
    with pytest.raises(ConfigError):
        pool_frames(frames[:0])


def test_fusion_weighs_the_modality_that_carries_the_class() -> None:
    torch.manual_seed(0)
    model = AttentionFusion([6, 6], 32, dropout=0.0)
    labels = torch.randint(0, 7, (512,))
    signal = F.one_hot(labels, 7)[:, :6].float() * 4
    features = torch.cat([torch.randn(512, 6), signal + 0.3 * torch.randn(512, 6)], 1)
    kept = torch.ones(512, 2, dtype=torch.bool)
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    for _ in range(80):
        optimizer.zero_grad()
        F.cross_entropy(model(features[:256], kept[:256]), labels[:256]).backward()
        optimizer.step()
    both = (model(features[256:], kept[256:]).argmax(1) == labels[256:]).float().mean()
    without = kept[256:].clone()
    without[:, 1] = False
    assert both > 0.95
    assert (model(features[256:], without).argmax(1) == labels[256:]).float().mean() < 0.4


def test_an_absent_modality_is_the_same_zero_whatever_stands_there() -> None:
    torch.manual_seed(0)
    model = AttentionFusion([4, 4]).eval()
    features, kept = torch.randn(3, 8), torch.tensor([[True, False]]).repeat(3, 1)
    changed = features.clone()
    changed[:, 4:] = 99.0
    torch.testing.assert_close(model(features, kept), model(changed, kept))


class Toy:
    """Nearest-mean classifiers on five folds of a two-dimensional toy."""

    def __init__(self, distance: float, num_labelled: int, seed: int, wrong: float = 0.0) -> None:
        rng = np.random.default_rng(seed)
        self.labels = np.tile(np.arange(3), num_labelled)
        self.hidden = rng.integers(0, 3, 300)
        centres = distance * np.array([[1.0, 0.0], [-0.5, 0.87], [-0.5, -0.87]])
        self.labelled = centres[self.labels] + rng.normal(size=(len(self.labels), 2))
        self.unlabelled = centres[self.hidden] + rng.normal(size=(300, 2))
        is_wrong = rng.random(len(self.labels)) < wrong
        self.labels = np.where(is_wrong, rng.integers(0, 3, len(self.labels)), self.labels)
        self.folds = [(np.arange(len(self.labels)) % 5 != fold, np.arange(len(self.labels)) % 5 == fold) for fold in range(5)]

    def fit(self, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> list[NDArray[np.float64]]:
        points, given = np.vstack([self.labelled, self.unlabelled[rows]]), np.concatenate([self.labels, labels])
        kept = [np.concatenate([own, np.ones(len(rows), bool)]) for own, _ in self.folds]
        return [
            np.array([points[own & (given == c)].mean(0) if (own & (given == c)).any() else [9.0, 9.0] for c in range(3)])
            for own in kept
        ]

    def probs(self, model: NDArray[np.float64], points: NDArray[np.float64]) -> NDArray[np.float64]:
        scores = -((points[:, None] - model) ** 2).sum(2) / 2
        powers = np.exp(scores - scores.max(1, keepdims=True))
        return np.asarray(powers / powers.sum(1, keepdims=True))

    def score(self, models: Any) -> float:
        pairs = zip(models, self.folds, strict=True)
        return float(np.mean([(self.probs(m, self.labelled[h]).argmax(1) == self.labels[h]).mean() for m, (_, h) in pairs]))

    def accuracy(self, models: Any) -> float:
        mean = np.mean([self.probs(model, self.unlabelled) for model in models], axis=0)
        return float((mean.argmax(1) == self.hidden).mean())

    def run(self) -> Any:
        return self_train(self.fit, lambda model, rows: self.probs(model, self.unlabelled[rows]), self.score, 300)


def test_self_training_improves_a_separable_toy() -> None:
    gains = []
    for seed in range(8):
        toy = Toy(2.0, 3, seed)
        outcome = toy.run()
        gains.append(toy.accuracy(outcome.folds) - toy.accuracy(toy.fit(np.zeros(0, np.int64), np.zeros(0, np.int64))))
    assert np.mean(gains) > 0.01
    assert min(gains) > -0.05


def test_self_training_takes_back_the_rounds_that_harm_a_noisy_one() -> None:
    stopped = 0
    for seed in range(8):
        toy = Toy(0.4, 12, seed, wrong=0.4)
        outcome = toy.run()
        stopped += outcome.stopped_because == "it did harm"
        assert toy.score(outcome.folds) == max(outcome.scores[: len(outcome.scores)])
        assert len(outcome.rows) == outcome.history[outcome.num_rounds]
    assert stopped >= 4


def test_the_surest_rows_of_each_class_are_taken_once() -> None:
    probs = np.array([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2], [0.3, 0.7]])
    rows, labels = surest(probs, 2)
    assert (rows.tolist(), labels.tolist()) == ([0, 2, 3], [0, 0, 1])


def test_at_most_ten_per_class_and_round_are_labelled() -> None:
    toy = Toy(3.0, 10, 0)
    outcome = toy.run()
    assert np.all(np.diff(outcome.history) <= 30)
    assert len(set(outcome.rows.tolist())) == len(outcome.rows)


@pytest.mark.parametrize("num_folds", [2, 5])
def test_folds_never_share_a_speaker(num_folds: int) -> None:
    rng = np.random.default_rng(0)
    speakers = [f"s{number}" for number in rng.integers(0, 11, 200)]
    held_out = []
    for own, held in speaker_folds(speakers, num_folds, seed=3):
        assert not {speakers[row] for row in own} & {speakers[row] for row in held}
        held_out += held.tolist()
    assert sorted(held_out) == list(range(200))
    with pytest.raises(ManifestError):
        speaker_folds(["a", "a"], 2)


def test_left_out_sessions_share_nothing_with_training_or_choosing() -> None:
    sessions = [f"session {1 + number % 5}" for number in range(50)]
    for train, valid, test in session_folds(sessions):
        parts = [{sessions[row] for row in part} for part in (train, valid, test)]
        assert [len(part) for part in parts] == [3, 1, 1]
        assert not (parts[0] & parts[1] or parts[0] & parts[2] or parts[1] & parts[2])


def test_the_augmenter_names_the_likeliest_feelings_and_leaves_silence_alone() -> None:
    augmenter = LocalTextAugmenter(lambda _text: np.array([0.0, 3.0, 0.0, 2.0, 0.0, 1.0, 0.0]))
    assert augmenter.augment("Oh no") == "Oh no Likely feelings: happiness, anger, surprise."
    assert augmenter.augment("  ") == "  "


def test_folds_of_any_size_are_trained_and_put_into_the_network(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = EmoVClip(ClipTowers(DEEP), {"kind": "mel-statistics"}, num_folds=2, hidden_dim=24)
    width = sum(network.widths.values())
    labels = np.arange(84) % 7
    values = torch.from_numpy(np.eye(7)[labels] @ np.random.default_rng(0).normal(size=(7, width))).float()
    nothing = np.zeros(7, np.float32)
    rows = [
        Example(str(row), "train", int(label), nothing, 0.0, f"s{row // 12}", str(row), None, None, "")
        for row, label in enumerate(labels)
    ]
    examples = ExampleSet("toy", tuple(rows))
    table = FeatureTable(values + 0.1 * torch.randn(84, width), torch.ones(84, 4, dtype=torch.bool), torch.from_numpy(labels))
    facts = train_folds(network, examples, table, Training(tmp_path, choices={"unlabelled_speakers": 2, "num_rounds": 2}))
    found = network.eval().probs(table.values, table.present).argmax(1)
    assert (found == table.labels).float().mean() > 0.9
    assert facts["unlabelled_speakers"] == ["s5", "s6"]
    assert facts["pseudo_labels"] <= 24
