"""The recipe of the fine-tuned transformers with support vectors."""

from __future__ import annotations

import itertools
import json
import shutil
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from emoasst_core.classifier.calibration import modality_key
from emoasst_core.datatypes import Modality
from emoasst_core.encoders.checkpoints import load_weights, require_file
from emoasst_core.errors import ManifestError
from emoasst_core.systems.clip_towers import SMALL_CLIP
from emoasst_core.systems.pretrained import load_pretrained
from emoasst_core.systems.profile import SystemProfile
from emoasst_core.systems.sequences import spread
from emoasst_core.systems.system_recogniser import save_network
from emoasst_core.systems.text_states import TOKENIZER_FILE, train_tokenizer
from emoasst_core.systems.transformer_svm.classifiers import fit_svm
from emoasst_core.systems.transformer_svm.recogniser import ORDER, TransformerSvm
from emoasst_core.systems.transformer_svm.stored_svm import StoredSvm
from emoasst_core.training.systems.examples import ExampleSet
from emoasst_core.training.systems.fine_tuning import AST, ModalityData, fine_tune, fold_answers, recipes_of
from emoasst_core.training.systems.finishing import Training, finish
from emoasst_core.training.systems.leave_session_out import Protocol, leave_session_out, table_lines

SMALL_SIZES: Final = {"hidden_size": 64, "intermediate_size": 128}
SMALL_SETTINGS: Final[dict[str, Any]] = {
    "text": {
        "kind": "bert",
        "config": SMALL_SIZES
        | {"num_hidden_layers": 2, "num_attention_heads": 2, "vocab_size": 8000, "max_position_embeddings": 64},
    },
    "speech": {
        "kind": AST,
        "config": SMALL_SIZES
        | {"num_hidden_layers": 3, "num_attention_heads": 4, "patch_size": 16, "frequency_stride": 16, "time_stride": 8}
        | {"max_length": 240, "num_mel_bins": 64},
    },
    "video": {
        "config": SMALL_SIZES
        | {
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "image_size": 64,
            "patch_size": 16,
            "num_frames": 4,
            "tubelet_size": 2,
        },
        "hybrid_stem": SMALL_CLIP["hybrid_stem"],
    },
}
FULL_SETTINGS: Final[dict[str, Any]] = {
    "text": {"kind": "bert", "config": {}}, "speech": {"kind": "wav2vec2", "config": {}}, "video": {"config": {}},
}  # fmt: skip


def train_transformer_svm(examples: ExampleSet, training: Training) -> dict[str, Any]:
    """Fine-tune, fit the support vectors, calibrate and write the profile.

    Args:
        examples: with train and dev rows; those without all three modalities are left out of the fits (and counted).
        training: sizes, seed, folders ("bert", "speech", "video", "clip" for the small video's stem) and `choices`: "text" and
            "speech" (kinds), "stage", "way", "oof" (out-of-fold features), "loso" (also leave every session out).

    Returns:
        The run card.
    """
    training.begin("transformer-svm", examples)
    whole = examples.where(lambda e: e.frames is not None and e.samples is not None and bool(e.text))
    network = build(examples, training)
    data = read_data(whole, network)
    recipes = recipes_of(training.size, network.settings["speech"]["kind"], training.num_epochs or 0)
    facts: dict[str, Any] = {"left_out_incomplete": len(examples) - len(whole), "oof": bool(training.choices.get("oof", True))}
    if training.choices.get("loso"):
        facts["leave_session_out"] = run_sessions(whole, network, data, recipes, training)
    fit_final(whole, network, data, recipes, training, facts["oof"])
    save_network(network, training.out)
    profile = SystemProfile(
        training.out.name, "transformer-svm", network.settings, network.num_frames, max_sound_s=10.0,
        summary=f"Fine-tuned transformers and support vectors, {training.size}, trained on {examples.name}",
    )  # fmt: skip
    return finish(training, profile, examples, facts)


def build(examples: ExampleSet, training: Training) -> TransformerSvm:
    """The encoders, with weights from the folders that were given."""
    settings = json.loads(json.dumps(SMALL_SETTINGS if training.size == "small" else FULL_SETTINGS))
    settings |= {"stage": training.choices.get("stage", "early"), "way": training.choices.get("way", "concatenation")}
    for part, option in (("text", "text"), ("speech", "speech")):
        if option in training.choices:
            settings[part] = {"kind": training.choices[option], "config": {}}
    for part, name in (("text", "bert"), ("speech", "speech"), ("video", "video")):
        if folder := training.folders.get(name):
            config = json.loads(require_file(folder, "config.json").read_text("utf-8"))
            settings[part] = {"kind": config.get("model_type", settings[part].get("kind", "")), "config": config}
    bert = training.folders.get("bert")
    if bert:
        shutil.copyfile(require_file(bert, TOKENIZER_FILE), training.out / TOKENIZER_FILE)
    else:
        train_tokenizer([example.text for example in examples.split("train").examples], training.out / TOKENIZER_FILE)
    network = TransformerSvm(settings, training.out)
    parts: dict[str, Any] = {"bert": ("words", "states.network"), "speech": ("voice", "network"), "video": ("face", "network")}
    for name, (modality, path) in parts.items():
        if folder := training.folders.get(name):
            load_pretrained(network.encoders[modality].get_submodule(path), folder)
    clip = training.folders.get("clip")
    video: Any = network.encoders["face"]
    if clip and video.stem is not None:
        load_stem(video.stem, clip)
    return network


def load_stem(stem: nn.Module, clip: Path) -> None:
    """Put the small CLIP's convolutional stages under the video encoder."""
    prefix = "visual.conv1.trunk."
    weights = load_weights(clip / "open_clip_model.safetensors")
    stem.get_submodule("trunk").load_state_dict(
        {name.removeprefix(prefix): value for name, value in weights.items() if name.startswith(prefix)}
    )
    stem.get_submodule("trunk").requires_grad_(False)


@torch.no_grad()
def read_data(examples: ExampleSet, network: TransformerSvm) -> dict[str, ModalityData]:
    """Prepared inputs of every example.

    Raises:
        ManifestError: no example has all three modalities.
    """
    if not len(examples):
        raise ManifestError("No clip has a face, a voice and words.", "This system needs all three to train.")
    network.eval()
    labels = examples.labels
    speech: Any = network.encoders["voice"]
    faces, voices = [], []
    for example in examples.examples:
        assert example.frames is not None and example.samples is not None
        faces.append(network.prepare_pictures(example.frames[spread(len(example.frames), network.num_frames)]))
        voices.append(speech.prepare(example.samples))
    words = [example.text for example in examples.examples]
    return {name: ModalityData(inputs, labels) for name, inputs in (("face", faces), ("voice", voices), ("words", words))}


def run_sessions(examples: ExampleSet, network: TransformerSvm, data: Any, recipes: Any, training: Training) -> dict[str, Any]:
    """Leave every session of train and dev out; the test split takes no part."""
    rows = np.flatnonzero([example.split != "test" for example in examples.examples])
    chosen = examples.take(rows)
    encoders: Any = dict(network.encoders.items())
    parts = {name: ModalityData([part.inputs[row] for row in rows], part.labels[rows]) for name, part in data.items()}
    speakers = [example.speaker for example in chosen.examples]
    protocol = Protocol(
        encoders, parts, chosen.labels, [examples.session_of(speaker) for speaker in speakers], speakers, recipes, training.size,
        training.seed, bool(training.choices.get("oof", True)),
    )  # fmt: skip
    result = leave_session_out(protocol, training.out)
    (training.out / "leave_session_out.md").write_text("\n".join(table_lines(result)) + "\n", "utf-8")
    return result


def fit_final(
    examples: ExampleSet, network: TransformerSvm, data: Any, recipes: Any, training: Training, out_of_fold: bool
) -> None:
    """Fine-tune on train, choosing on dev, and fit one machine per set of modalities, on out-of-fold features if asked."""
    splits = np.array([example.split for example in examples.examples])
    train, dev = np.flatnonzero(splits == "train"), np.flatnonzero(splits == "dev")
    speakers = [example.speaker for example in examples.examples]
    sessions = [examples.session_of(speaker) for speaker in speakers]
    answers = {}
    for name, encoder in list(network.encoders.items()):
        starting: Any = encoder
        fitted = fine_tune(starting, data[name], train, dev, recipes[name], training.seed, training.tell(name))
        if out_of_fold and len({sessions[row] for row in train}) > 1:
            (features, logits), _ = fold_answers(
                starting, data[name], train, dev, dev, sessions, recipes[name], training.seed, True
            )
        else:
            from emoasst_core.training.systems.fine_tuning import answer

            features, logits = answer(fitted, data[name], train)
        network.encoders[name] = fitted
        answers[Modality(name)] = features, logits
    for count in range(1, len(ORDER) + 1):
        for chosen in itertools.combinations(ORDER, count):
            joined = network.joined({modality: answers[modality] for modality in chosen})
            machine = fit_svm(joined, examples.labels[train], [speakers[row] for row in train])
            network.svms[modality_key(chosen)] = StoredSvm.of(machine)
    network.settings["svms"] = {key: getattr(machine, "settings") for key, machine in network.svms.items()}  # noqa: B009
