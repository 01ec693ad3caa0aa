"""`emoasst train --recipe starter`: the whole bundle from the shared data, step by step, each resumable."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.config import CueOptions
from emoasst_core.datatypes import Modality
from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.emotions import NUM_EMOTIONS
from emoasst_core.paths import assets_folder
from emoasst_core.profile import read_profile
from emoasst_core.training.starter.bundle import VERSION, class_features, update_profile, write_bundle, zero_shot_constants
from emoasst_core.training.starter.constants import (
    ALPHA,
    HeldOut,
    choose_beta,
    choose_reliabilities,
    choose_thresholds,
    fit_calibration,
)
from emoasst_core.training.starter.face_data import FaceSet, join, load_ckplus, load_ferplus
from emoasst_core.training.starter.face_tower import FaceTower, train_faces
from emoasst_core.training.starter.measurement import measure
from emoasst_core.training.starter.model_card import write_card
from emoasst_core.training.starter.text_tower import CONTEXT_LENGTH, TextTower, load_meld, train_text
from emoasst_core.training.starter.video_fusion import NUM_FRAMES, VideoFusion, embed_views, train_fusion
from emoasst_core.training.starter.voice_data import load_voices
from emoasst_core.training.starter.voice_tower import VoiceTower, embed_voices, split_by_speaker, train_voices
from emoasst_core.training.trainer import EpochReport

Say = Callable[[str], None]
FUSION_PICTURES = 14_000  # half of FER+ train is plenty for a module of under a million weights


def train_starter(data: Path, out: Path, seed: int = 0, report: Say = print, run: Path | None = None) -> dict[str, Any]:
    """Train every part and write the profile folder.

    Args:
        data: folder that holds faces/, speech/ and meld/.
        out: profile folder to write.
        seed: fixes every step.
        report: called with one line of text now and then.
        run: folder of the checkpoints (default: beside `out`); a run that was stopped goes on from there.

    Returns:
        What the constants were chosen by: calibration, gates, the cache grid.
    """
    run = run or out.with_name(out.name + "-run")
    run.mkdir(parents=True, exist_ok=True)
    prompts = Prompts.load(assets_folder() / "prompts.toml")
    report("Step 1 of 5: text tower")
    text = train_text(data, prompts, run / "text.pt", seed=seed, report=_told(report))
    report("Step 2 of 5: face tower")
    faces = train_faces(data, run, seed=seed, report=_told(report))
    report("Step 3 of 5: voice tower")
    voices = load_voices(data / "speech", run / "voices.npz")
    train_part, valid_part = split_by_speaker(voices)
    voice = train_voices(train_part, valid_part, run / "voice_main.pt", seed=seed, report=_told(report))
    report("Step 4 of 5: visual fusion module")
    text_weights = class_features(text, prompts, _tokenizer())
    fusion = _train_fusion(data, run, faces, text_weights, seed, report)
    report("Step 5 of 5: constants on held-out people")
    write_bundle(out, faces, text, voice, fusion, _first_constants(text, voice, fusion))
    held_out = {
        Modality.FACE: held_out_faces(data, faces, fusion),
        Modality.VOICE: held_out_voices(valid_part, voice, text_weights),
        Modality.WORDS: held_out_words(data, text, text_weights),
    }
    return finish_bundle(data, out, held_out, seed)


def finish_bundle(data: Path, out: Path, held_out: dict[Modality, HeldOut], seed: int) -> dict[str, Any]:
    """Choose the constants, measure, and write profile.json, figures.json and the model card."""
    constants = choose_constants(out, held_out)
    config = read_profile(out)
    clear = load_ferplus(data / "faces" / "ferplus_valid.npz", False).clear
    figures = measure(
        held_out,
        Calibration.from_dict(config.calibration),
        {Modality(name): weight for name, weight in config.reliabilities.items()},
        clear,
        constants["alpha"],
        constants["beta"],
        CueOptions(**constants["thresholds"]),
    )
    (out / "figures.json").write_text(json.dumps({"constants": constants, "figures": figures}, indent=1) + "\n", "utf-8")
    write_card(out, figures, constants, VERSION, seed)
    return figures


def choose_constants(out: Path, held_out: dict[Modality, HeldOut]) -> dict[str, Any]:
    """Reliabilities, calibration, cache and thresholds; written into the profile."""
    reliabilities = choose_reliabilities(held_out)
    calibration = fit_calibration(held_out, reliabilities)
    beta, grid = choose_beta(held_out[Modality.VOICE])
    thresholds, gates = choose_thresholds(calibration, held_out[Modality.FACE])
    update_profile(
        out,
        reliabilities={modality.value: weight for modality, weight in reliabilities.items()},
        calibration=calibration.as_dict(),
        alphas={"face": ALPHA, "voice": ALPHA, "words": ALPHA / 4},
        beta=beta,
        cues=thresholds,
    )
    return {"cache_grid": grid, "gates": gates, "thresholds": thresholds, "alpha": ALPHA, "beta": beta}


def _train_fusion(data: Path, run: Path, faces: FaceTower, weights: Any, seed: int, report: Say) -> VideoFusion:
    folder = data / "faces"
    everything = join([load_ferplus(folder / "ferplus_train.npz", True), load_ckplus(folder / "ckplus48.npz", held_out=False)])
    chosen = np.random.default_rng(seed).permutation(len(everything))[:FUSION_PICTURES]
    some = FaceSet(everything.images[chosen], everything.targets[chosen], everything.weights[chosen], everything.clear[chosen])
    train = embed_views(faces, some, 4, 1.0, seed)
    valid = embed_views(faces, load_ferplus(folder / "ferplus_valid.npz", False), 4, 0.5, seed + 1)
    return train_fusion(train, valid, weights, run / "fusion.pt", seed=seed, report=_told(report))


def _first_constants(text: TextTower, voice: VoiceTower, fusion: VideoFusion) -> dict[str, Any]:
    return {
        "zero_shot": zero_shot_constants(text, voice, fusion), "alphas": {"face": 1.0, "voice": 1.0, "words": 0.5}, "beta": 5.5,
        "reliabilities": {"face": 0.6, "voice": 0.4, "words": 0.2}, "calibration": {}, "cues": {},
    }  # fmt: skip


def held_out_faces(data: Path, faces: FaceTower, fusion: VideoFusion) -> HeldOut:
    """FER+ valid, each picture and its mirror image by turns, as `emoasst eval` reads a picture of 48 pixels."""
    valid = load_ferplus(data / "faces" / "ferplus_valid.npz", False)
    return read_stills(faces, fusion, valid, 0.0)


def read_stills(faces: FaceTower, fusion: VideoFusion, pictures: FaceSet, strength: float) -> HeldOut:
    """Each picture as a film that does not move, augmented with `strength` before."""
    mirrored = FaceSet(pictures.images[:, :, ::-1], pictures.targets, pictures.weights, pictures.clear)
    banks = [embed_views(faces, part, 1, strength, seed=0).views for part in (pictures, mirrored)]
    frames = torch.from_numpy(np.tile(np.concatenate(banks, 1), (1, NUM_FRAMES // 2, 1)))
    with torch.inference_mode():
        embeddings = torch.cat([fusion.embed(part) for part in torch.split(frames, 512)])
        logits = fusion.log_scale.exp() * embeddings @ fusion.text_weights.T
    return HeldOut(logits.numpy(), pictures.targets, embeddings.numpy())


def held_out_voices(valid: Any, voice: VoiceTower, text_weights: Any) -> HeldOut:
    """RAVDESS actors 19 and 20."""
    with torch.inference_mode():
        embeddings = embed_voices(voice, valid)
        logits = voice.log_scale.exp().item() * embeddings @ text_weights.T
    return HeldOut(logits, np.eye(NUM_EMOTIONS, dtype=np.float32)[valid.labels], embeddings, valid.speakers)


def held_out_words(data: Path, text: TextTower, text_weights: Any) -> HeldOut:
    """MELD dev, utterances of three words or more."""
    dev = load_meld(data / "meld" / "dev_sent_emo.csv")
    rows = [row for row, sentence in enumerate(dev.texts) if len(sentence.split()) >= 3]
    tokenize = _tokenizer()
    with torch.inference_mode():
        embeddings = text.embed(tokenize([dev.texts[row] for row in rows])).numpy()
        logits = text.log_scale.exp().item() * embeddings @ text_weights.T + text.words_bias.numpy()
    return HeldOut(logits.astype(np.float32), np.eye(NUM_EMOTIONS, dtype=np.float32)[dev.labels[rows]], embeddings)


def _tokenizer() -> Any:
    import open_clip

    return open_clip.SimpleTokenizer(context_length=CONTEXT_LENGTH)


def _told(report: Say) -> Callable[[EpochReport], None]:
    def tell(epoch: EpochReport) -> None:
        figures = "  ".join(f"{name} {value:.3f}" for name, value in epoch.metrics.items() if name != "score")
        minutes = epoch.remaining_s / 60
        report(f"  epoch {epoch.epoch + 1} of {epoch.num_epochs}  loss {epoch.loss:.3f}  {figures}  about {minutes:.0f} min left")

    return tell
