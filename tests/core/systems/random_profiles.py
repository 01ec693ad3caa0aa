"""Profiles of every system at a tiny size with random weights: what they answer means nothing, but all of the path runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoasst_core.systems.clip_towers import ClipTowers
from emoasst_core.systems.emovclip.network import EmoVClip
from emoasst_core.systems.mer_clip.network import MerClip, MerClipOptions
from emoasst_core.systems.profile import SystemProfile
from emoasst_core.systems.sem_mbt.network import SemMbt, SemMbtOptions, SemMbtSystem
from emoasst_core.systems.system_recogniser import save_network
from emoasst_core.systems.text_states import TOKENIZER_FILE, ClipStates, train_tokenizer
from emoasst_core.systems.transformer_svm.classifiers import fit_svm
from emoasst_core.systems.transformer_svm.recogniser import TransformerSvm
from emoasst_core.systems.transformer_svm.stored_svm import StoredSvm

SYSTEMS = ("mer-clip", "emovclip", "transformer-svm", "sem-mbt")
CLIP: dict[str, Any] = {
    "embed_dim": 32,
    "vision_cfg": {"image_size": 16, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "text_cfg": {"context_length": 32, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 2},
}
TINY: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2}
SUBSETS = ("face", "voice", "words", "face+voice", "face+words", "voice+words", "face+voice+words")


def write_random_profile(system: str, folder: Path) -> Path:
    """Make the profile of a system and return its folder."""
    torch.manual_seed(0)
    folder.mkdir(parents=True, exist_ok=True)
    network, settings, num_frames = {
        "mer-clip": _mer_clip, "emovclip": _emovclip, "transformer-svm": _transformer_svm, "sem-mbt": _sem_mbt,
    }[system](folder)  # fmt: skip
    save_network(network, folder)
    SystemProfile(folder.name, system, settings, num_frames).write(folder)
    return folder


def _mer_clip(_folder: Path) -> tuple[torch.nn.Module, dict[str, Any], int]:
    network = MerClip(ClipTowers(CLIP), MerClipOptions(num_heads=4, hidden_dim=32, shared_text=True))
    return network, network.settings, 4


def _emovclip(_folder: Path) -> tuple[torch.nn.Module, dict[str, Any], int]:
    network = EmoVClip(ClipTowers(CLIP), {"kind": "mel-statistics"}, num_folds=2, hidden_dim=16)
    return network, network.settings, 4


def _sem_mbt(_folder: Path) -> tuple[torch.nn.Module, dict[str, Any], int]:
    options = SemMbtOptions(vggish_width=2, vggish_dense=16, resnet_width=4, picture_size=32)
    towers = ClipTowers(CLIP)
    settings = {"kind": "clip", "towers": towers.settings}
    network = SemMbt(32, options)
    return SemMbtSystem(ClipStates(towers), network), {**network.settings, "text": settings}, 2


def _transformer_svm(folder: Path) -> tuple[torch.nn.Module, dict[str, Any], int]:
    train_tokenizer(["hello there how are you", "place blue at f two now"], folder / TOKENIZER_FILE, 200)
    settings = {
        "text": {"kind": "bert", "config": TINY | {"vocab_size": 200, "max_position_embeddings": 40}},
        "speech": {"kind": "audio-spectrogram-transformer", "config": TINY | {"max_length": 128, "num_mel_bins": 32}},
        "video": {"config": TINY | {"image_size": 32, "num_frames": 4}}, "stage": "early", "way": "concatenation",
    }  # fmt: skip
    network = TransformerSvm(settings, folder)
    rng = np.random.default_rng(0)
    for key in SUBSETS:
        features = rng.normal(size=(70, 16 * len(key.split("+"))))
        network.svms[key] = StoredSvm.of(fit_svm(features, np.arange(70) % 7, [str(row % 5) for row in range(70)]))
    network.settings["svms"] = {key: machine.settings for key, machine in network.svms.items()}
    return network, network.settings, 4
