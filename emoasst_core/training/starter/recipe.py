"""`emoasst train --recipe starter`: the whole bundle from the shared data, step by step, each resumable."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.classifier.calibration import Calibration
from emoasst_core.config import CueOptions
from emoasst_core.datatypes import Modality
from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.emotions import emotion_index
from emoasst_core.encoders.folder_pins import pin
from emoasst_core.evaluation.embedding_source import EmbeddingSource
from emoasst_core.evaluation.figures_file import write_json
from emoasst_core.faces.detector import CascadeDetector
from emoasst_core.paths import assets_folder
from emoasst_core.profile import read_profile
from emoasst_core.recogniser import Recogniser
from emoasst_core.training.starter.bundle import (
    VERSION,
    class_features,
    read_text_tower,
    update_profile,
    write_bundle,
    zero_shot_constants,
)
from emoasst_core.training.starter.constants import (
    ALPHA,
    HeldOut,
    choose_beta,
    choose_reliabilities,
    choose_thresholds,
    favour_rare,
    fit_calibration,
    join_parts,
)
from emoasst_core.training.starter.face_data import FaceSet, join, load_ckplus, load_ferplus
from emoasst_core.training.starter.face_slices import (
    AS_THEY_ARE,
    IN_A_SCENE,
    IN_COLOUR,
    draw_pictures,
    measure_slices,
    scene_with_yunet,
)
from emoasst_core.training.starter.face_teachers import train_faces
from emoasst_core.training.starter.face_tower import FaceTower
from emoasst_core.training.starter.held_out import held_out_faces, held_out_voices, held_out_words, tokenizer
from emoasst_core.training.starter.measurement import measure
from emoasst_core.training.starter.memory import add_memory
from emoasst_core.training.starter.model_card import write_card
from emoasst_core.training.starter.neutral_clips import measure_neutral_clips
from emoasst_core.training.starter.text_tower import TextTower, train_text
from emoasst_core.training.starter.video_fusion import VideoFusion, embed_views, train_fusion
from emoasst_core.training.starter.voice_data import VoiceSet, load_voices
from emoasst_core.training.starter.voice_folds import (
    LeftOut,
    leave_out,
    read_left_out,
    stranger_figures,
    voices_in_folds,
    voices_of_strangers,
)
from emoasst_core.training.starter.voice_slices import measure_voice_slices
from emoasst_core.training.starter.voice_tower import VoiceTower, split_by_speaker, train_voices
from emoasst_core.training.starter.voice_views import copies_described, load_views
from emoasst_core.training.starter.words_head import add_words, train_words
from emoasst_core.training.trainer import EpochReport

Say = Callable[[str], None]
CHANGED_STRENGTH = 0.5
FUSION_PICTURES = 6_000  # a fifth of FER+ train is plenty for a module of under a million weights


def train_starter(
    data: Path,
    out: Path,
    seed: int = 0,
    report: Say = print,
    run: Path | None = None,
    reuse: Path | None = None,
    device: str = "cpu",
) -> dict[str, Any]:
    """Train every part and write the profile folder.

    Args:
        data: folder that holds faces/, speech/, meld/ and clips/.
        out: profile folder to write.
        seed: fixes every step.
        report: called with one line of text now and then.
        run: folder of the checkpoints (default: beside `out`); a run that was stopped goes on from there.
        reuse: bundle whose text tower is kept as it is; None trains it.
        device: where the faces' networks are trained; the rest is small and stays on the CPU.

    Returns:
        What the constants were chosen by: calibration, gates, the cache grid.
    """
    run = run or out.with_name(out.name + "-run")
    run.mkdir(parents=True, exist_ok=True)
    prompts = Prompts.load(assets_folder() / "prompts.toml")
    train_part, valid_part = split_by_speaker(load_voices(data / "speech", run / "voices.npz"))
    report("Step 1 of 5: text tower")
    told = _told(report)
    text = read_text_tower(reuse) if reuse else train_text(data, prompts, run / "text.pt", seed=seed, report=told)
    report("Step 2 of 5: voice tower")
    views = load_views(train_part, run / "voice_views", _share_told(report))
    described = copies_described(views, run / "voice_views")
    voice = train_voices(train_part, views, described, valid_part, run / "voice_main.pt", seed=seed, report=told)
    report("  five shorter towers that leave people out, to measure how the voice does on strangers")
    strangers = leave_out(train_part, views, described, run, seed, lambda name: _told(report, name))
    read_left_out("voice_valid", voice, valid_part, train_part, seed).save(run / "voice_valid.npz")
    report("Step 3 of 5: face tower")
    faces = train_faces(data, run, lambda name: _told(report, name), seed=seed, device=device)
    report("Step 4 of 5: visual fusion module")
    text_weights = class_features(text, prompts, tokenizer())
    fusion = _train_fusion(data, run, faces, text_weights, seed, report)
    report("Step 5 of 5: constants on held-out people")
    write_bundle(out, faces, text, voice, fusion, _first_constants(text, voice, fusion))
    words = train_words(data)
    add_words(out, words)
    held_out = {
        Modality.FACE: held_out_faces(data, faces, fusion),
        Modality.VOICE: held_out_voices(valid_part, voice, text_weights),
        Modality.WORDS: held_out_words(data, words, text_weights),
    }
    # as other cameras show them: what the program is unsure of there must be said as unsure
    changed = held_out_faces(data, faces, fusion, CHANGED_STRENGTH)
    fitted_on = {Modality.FACE: join_parts([held_out[Modality.FACE], changed]), Modality.VOICE: voices_of_strangers(strangers)}
    return finish_bundle(data, out, held_out, fitted_on, valid_part, seed, report, strangers)


def finish_bundle(
    data: Path,
    out: Path,
    held_out: dict[Modality, HeldOut],
    fitted_on: dict[Modality, HeldOut],
    voices: VoiceSet,
    seed: int,
    report: Say = print,
    strangers: Sequence[LeftOut] = (),
) -> dict[str, Any]:
    """Choose the constants, measure, and write profile.json, figures.json and the model card.

    Args:
        held_out: what is scored.
        fitted_on: what the calibration of a modality is fitted on instead of `held_out`.
        voices: the held-out clips of speech.
        strangers: what shorter voice towers say of the people they were trained without.
    """
    valid = load_ferplus(data / "faces" / "ferplus_valid.npz", False)
    people = voices_in_folds(strangers) or held_out[Modality.VOICE]
    constants = choose_constants(out, held_out, fitted_on, valid.clear, people)
    report("  what the personal memory starts from")
    add_memory(out, data, report, seed)
    pin(out)  # what was made here is what is to be found there when it is measured, another run's bundle or not
    config = read_profile(out)
    figures = measure(
        held_out,
        Calibration.from_dict(config.calibration),
        {Modality(name): weight for name, weight in config.reliabilities.items()},
        valid.clear,
        constants["alpha"],
        constants["beta"],
        CueOptions(**constants["thresholds"]),
        tuple(fitted_on),
        people,
    )
    by_strangers = stranger_figures(strangers)
    figures["voice_sharpness"] |= by_strangers.pop("voice_sharpness", {})
    figures |= by_strangers
    report("  the same faces as other cameras and collections show them")
    figures["slices"] = face_slices(data, out, valid)
    figures["voice_slices"] = voice_slices(out, voices)
    figures["neutral_clips"] = measure_neutral_clips(data, out)
    write_json(out / "figures.json", {"constants": constants, "figures": figures})
    write_card(out, figures, constants, VERSION, seed)
    return figures


def choose_constants(
    out: Path,
    held_out: dict[Modality, HeldOut],
    fitted_on: dict[Modality, HeldOut],
    clear: NDArray[np.bool_],
    people: HeldOut,
) -> dict[str, Any]:
    """Reliabilities, calibration, cache and thresholds; written into the profile.

    Args:
        people: voices of as many speakers as there are, for the sharpness of the cache.
    """
    reliabilities = choose_reliabilities(held_out)
    face = held_out[Modality.FACE]
    calibration, rare_share = favour_rare(fit_calibration({**held_out, **fitted_on}, reliabilities), face, clear)
    beta, grid = choose_beta(people)
    thresholds, gates = choose_thresholds(calibration, face)
    update_profile(
        out,
        reliabilities={modality.value: weight for modality, weight in reliabilities.items()},
        calibration=calibration.as_dict(),
        alphas={"face": ALPHA, "voice": ALPHA, "words": ALPHA / 4},
        beta=beta,
        cues=thresholds,
    )
    chosen = {"thresholds": thresholds, "alpha": ALPHA, "beta": beta, "rare_share": rare_share}
    return {"cache_grid": grid, "gates": gates, **chosen}


def face_slices(data: Path, out: Path, valid: FaceSet) -> dict[str, Any]:
    """`measure_slices` of the bundle in `out` with the detector that every installation has, and CK+'s held-out subjects."""
    recogniser = Recogniser(out)
    source = EmbeddingSource(recogniser, CascadeDetector())
    pictures = valid.part(draw_pictures(valid, (emotion_index("fear"), emotion_index("disgust"))))
    slices = measure_slices(source, pictures) | {f"{IN_A_SCENE}, with YuNet": scene_with_yunet(recogniser, pictures)}
    posed = load_ckplus(data / "faces" / "ckplus48.npz", held_out=True)
    return slices | {f"CK+, {name}": measure_slices(source, posed, (name,))[name] for name in (AS_THEY_ARE, IN_COLOUR)}


def voice_slices(out: Path, voices: VoiceSet) -> dict[str, Any]:
    """`measure_voice_slices` of the bundle in `out`, read as the program reads a voice."""
    recogniser = Recogniser(out)

    def read(sound: NDArray[np.float32]) -> NDArray[np.float32] | None:
        embedding = recogniser.embed_voice(sound)
        return None if embedding is None else recogniser.classify({Modality.VOICE: embedding})

    return measure_voice_slices(read, voices)


def _train_fusion(data: Path, run: Path, faces: FaceTower, weights: Any, seed: int, report: Say) -> VideoFusion:
    folder = data / "faces"
    everything = join([load_ferplus(folder / "ferplus_train.npz", True), load_ckplus(folder / "ckplus48.npz", held_out=False)])
    chosen = np.random.default_rng(seed).permutation(len(everything))[:FUSION_PICTURES]
    train = embed_views(faces, everything.part(chosen), 4, 1.0, seed)
    valid = embed_views(faces, load_ferplus(folder / "ferplus_valid.npz", False), 2, 0.5, seed + 1)
    return train_fusion(train, valid, weights, run / "fusion.pt", seed=seed, report=_told(report))


def _first_constants(text: TextTower, voice: VoiceTower, fusion: VideoFusion) -> dict[str, Any]:
    return {
        "zero_shot": zero_shot_constants(text, voice, fusion), "alphas": {"face": 1.0, "voice": 1.0, "words": 0.5}, "beta": 5.5,
        "reliabilities": {"face": 0.6, "voice": 0.4, "words": 0.2}, "calibration": {}, "cues": {},
    }  # fmt: skip


def _told(report: Say, run: str = "") -> Callable[[EpochReport], None]:
    title = f"{run.replace('_', ' ')} epoch".strip()

    def tell(epoch: EpochReport) -> None:
        figures = "  ".join(f"{name} {value:.3f}" for name, value in epoch.metrics.items() if name != "score")
        progress = f"{title} {epoch.epoch + 1} of {epoch.num_epochs}  loss {epoch.loss:.3f}"
        report(f"  {progress}  {figures}  about {epoch.remaining_s / 60:.0f} min left")

    return tell


def _share_told(report: Say) -> Callable[[int, int], None]:
    said = [0]

    def tell(done: int, total: int) -> None:
        if 10 * done // total > said[0]:
            said[0] = 10 * done // total
            report(f"  changed copies of the voices: {100 * done / total:.0f} %")

    return tell
