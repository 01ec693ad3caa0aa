"""A small CLIP that stands where the published one stands in the papers.

Its picture tower is a hybrid: a transformer over the map of the bundled starter's convolutional stages, which are kept as they
are (they have seen FER+ train, whose odd half the joined set trains on; never the photographs that are chosen or scored on). Its
text tower is trained from scratch on the even dialogues of MELD train, none of which the joined set uses. Pictures, lines and
label sentences are drawn to seven fixed points (`starter.anchors`), the end point of a contrastive training with labels, so that
they meet as in CLIP without its millions of captions.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.emotions import EMOTIONS
from emoasst_core.encoders.card import CONFIG_FILE, Card
from emoasst_core.encoders.checkpoints import load_weights
from emoasst_core.evaluation.metrics import accuracy, macro_f1
from emoasst_core.paths import assets_folder
from emoasst_core.systems.clip_towers import SMALL_CLIP, ClipTowers
from emoasst_core.training.starter.anchors import emotion_anchors
from emoasst_core.training.starter.face_data import load_ferplus
from emoasst_core.training.systems.joined_set import clear_faces, load_lines, take_faces
from emoasst_core.training.systems.token_batches import RowBatches
from emoasst_core.training.trainer import Report, Trainer, TrainerOptions

NUM_PICTURES: Final = 6000
HIDDEN_TOKEN: Final = 268  # a word, stands for a hidden one (as in the starter's text tower)
FIRST_SPECIAL: Final = 49406
WEIGHTS: Final = "open_clip_model.safetensors"
CARD: Final = Card("small-clip", "open_clip", "trained by emoasst", "non-commercial use only (as the starter)",
                   color="grey", interpolation="bilinear", resize_mode="squash")  # fmt: skip


class SmallClip(nn.Module):
    """The towers and the scale of their cosines while they train."""

    anchors: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.towers = ClipTowers(SMALL_CLIP, CARD)
        nn.init.normal_(self.towers.text.token_embedding.weight, std=0.02)
        self.log_scale = nn.Parameter(torch.tensor(2.3))
        self.words_bias = nn.Parameter(torch.zeros(len(EMOTIONS)))
        self.register_buffer("anchors", torch.from_numpy(emotion_anchors(self.towers.embed_dim)), persistent=False)

    def logits(self, features: Tensor) -> Tensor:
        """(n, d) -> (n, num_emotions) scaled cosines with the seven points."""
        result: Tensor = self.log_scale.exp() * features @ self.anchors.T
        return result


def train_small_clip(data: Path, folder: Path, seed: int = 0, report: Report | None = None) -> Path:
    """Train it, or find it trained; the best epochs on FER+ valid's and MELD dev's choosing halves are kept.

    Returns:
        `folder`, which `ClipTowers.from_folder` opens.
    """
    if (folder / WEIGHTS).exists():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    clip = SmallClip()
    load_stem(clip.towers, assets_folder() / "models" / "starter" / WEIGHTS)
    figures = _train_pictures(clip, data, folder, seed, report) | _train_words(clip, data, folder, seed, report)
    save(clip, folder)
    (folder / "figures.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")
    return folder


def load_stem(towers: ClipTowers, starter: Path) -> None:
    """Put the starter's first convolutional stages under the picture tower."""
    ours = {}
    for name, value in load_weights(starter).items():
        if name.startswith("visual.trunk.stem."):
            ours["0." + name.removeprefix("visual.trunk.stem.")] = value
        elif name.startswith("visual.trunk.stages."):
            stage, _, rest = name.removeprefix("visual.trunk.stages.").partition(".")
            if int(stage) < SMALL_CLIP["hybrid_stem"]["num_stages"]:
                ours[f"{int(stage) + 1}.{rest}"] = value
    towers.visual.conv1.trunk.load_state_dict(ours)


def _train_pictures(clip: SmallClip, data: Path, folder: Path, seed: int, report: Report | None) -> dict[str, float]:
    faces = clear_faces(load_ferplus(data / "faces" / "ferplus_train.npz", use_old_labels=False))
    faces = take_faces(faces, np.arange(0, len(faces), 2))
    valid = clear_faces(load_ferplus(data / "faces" / "ferplus_valid.npz", use_old_labels=False))
    valid = take_faces(valid, np.arange(0, len(valid), 2))
    generator = torch.Generator().manual_seed(seed)
    order = RowBatches(torch.from_numpy(faces.labels), NUM_PICTURES, generator).order[:NUM_PICTURES].numpy()
    maps = stem_maps(clip.towers, faces.images[order], generator)
    targets = torch.from_numpy(faces.targets[order])
    held_out = stem_maps(clip.towers, valid.images, None)
    clip.requires_grad_(False)
    clip.towers.visual.requires_grad_(True)
    clip.towers.visual.conv1.trunk.requires_grad_(False)

    def loss(module: nn.Module, rows: Tensor) -> Tensor:
        trained: Any = module
        return F.cross_entropy(trained.logits(trained.towers.picture_features(maps[rows])), targets[rows])

    def score(module: nn.Module) -> dict[str, float]:
        trained: Any = module
        found = trained.logits(torch.cat([trained.towers.picture_features(part) for part in torch.split(held_out, 256)])).argmax(
            1
        )
        figures = {"accuracy": accuracy(valid.labels, found.numpy()), "macro_f1": macro_f1(valid.labels, found.numpy())}
        return {**figures, "score": sum(figures.values())}

    options = TrainerOptions(6, 7e-4, 0.05, 0.5, 0.95, 1.0, seed=seed)
    Trainer(clip, options, folder / "pictures.pt").fit(
        lambda _epoch, generator: torch.split(torch.randperm(len(maps), generator=generator), 64), loss, score, report
    )
    with torch.inference_mode():
        return {f"faces_{name}": value for name, value in score(clip).items()}


@torch.inference_mode()
def stem_maps(towers: ClipTowers, images: NDArray[np.uint8], generator: torch.Generator | None) -> Tensor:
    """(n, s, s) grey pictures -> (n, width, grid, grid) maps of the frozen stages; a generator mirrors half of the pictures."""
    towers.eval()
    parts = []
    for start in range(0, len(images), 64):
        pictures = towers.prepare(np.repeat(images[start : start + 64, ..., None], 3, axis=3))
        if generator is not None:
            mirrored = torch.rand(len(pictures), 1, 1, 1, generator=generator) < 0.5
            pictures = torch.where(mirrored, pictures.flip(-1), pictures)
        parts.append(towers.visual.conv1.trunk(pictures))
    return torch.cat(parts).clone()


def _train_words(clip: SmallClip, data: Path, folder: Path, seed: int, report: Report | None) -> dict[str, float]:
    lines = [line for line in load_lines(data / "meld" / "train_sent_emo.csv") if int(line.group) % 2 == 0]
    dev = [line for line in load_lines(data / "meld" / "dev_sent_emo.csv") if int(line.group) % 2 == 0]
    prompts = Prompts.load(assets_folder() / "prompts.toml")
    sentences = [clip.towers.tokenize(prompts.class_prompts(name)) for name in EMOTIONS]
    numbers, targets = clip.towers.tokenize([line.text for line in lines]), torch.tensor([line.label for line in lines])
    held_out, truth = clip.towers.tokenize([line.text for line in dev]), np.array([line.label for line in dev])
    clip.requires_grad_(True)
    clip.towers.visual.requires_grad_(False)

    def loss(module: nn.Module, batch: tuple[Tensor, torch.Generator]) -> Tensor:
        trained: Any = module
        rows, generator = batch
        shown = numbers[rows]
        hidden = (torch.rand(shown.shape, generator=generator) < 0.15) & (shown > 0) & (shown < FIRST_SPECIAL)
        named = torch.stack([one[int(torch.randint(len(one), (1,), generator=generator))] for one in sentences])
        features = trained.towers.text_features(torch.cat([shown.masked_fill(hidden, HIDDEN_TOKEN), named]))
        read = trained.logits(features[: len(rows)]) + trained.words_bias
        labels = F.cross_entropy(trained.logits(features[len(rows) :]), torch.arange(len(EMOTIONS)))
        return F.cross_entropy(read, targets[rows], label_smoothing=0.1) + 0.3 * labels

    def score(module: nn.Module) -> dict[str, float]:
        trained: Any = module
        parts = [trained.towers.text_features(part) for part in torch.split(held_out, 256)]
        found = (trained.logits(torch.cat(parts)) + trained.words_bias).argmax(1).numpy()
        figures = {"accuracy": accuracy(truth, found), "macro_f1": macro_f1(truth, found)}
        return {**figures, "score": sum(figures.values())}

    options = TrainerOptions(5, 7e-4, 0.05, 0.5, 0.95, 1.0, seed=seed)
    Trainer(clip, options, folder / "words.pt").fit(
        lambda _epoch, generator: [(rows, generator) for rows in RowBatches(targets, 64, generator, 0.35)], loss, score, report
    )
    with torch.inference_mode():
        return {f"words_{name}": value for name, value in score(clip).items()}


def save(clip: SmallClip, folder: Path) -> None:
    """Write it as an open_clip model folder."""
    from safetensors.torch import save_file

    weights = {f"visual.{name}": value.contiguous() for name, value in clip.towers.visual.state_dict().items()}
    weights |= {name: value.contiguous() for name, value in clip.towers.text.state_dict().items()}
    (folder / CONFIG_FILE).write_text(json.dumps({"model_cfg": SMALL_CLIP, "preprocess_cfg": {}}, indent=1) + "\n", "utf-8")
    CARD.write(folder)
    save_file(weights, folder / WEIGHTS)
