"""Write the trained towers and heads as a profile folder that the full-size code opens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from emoasst_core.datatypes import Modality
from emoasst_core.emoasst.prompts import Prompts
from emoasst_core.encoders.card import Card
from emoasst_core.errors import ModelError
from emoasst_core.evaluation.figures_file import write_json
from emoasst_core.profile import FORMAT, PROFILE_FILE, read_profile
from emoasst_core.training.starter.face_augmentation import FACE_DETAIL
from emoasst_core.training.starter.face_data import PICTURE_PX
from emoasst_core.training.starter.face_tower import STARTER_MODEL_CFG, FaceTower
from emoasst_core.training.starter.text_tower import TextTower
from emoasst_core.training.starter.video_fusion import FUSION_OPTIONS, NUM_FRAMES, VideoFusion
from emoasst_core.training.starter.voice_tower import ADAPTER_OPTIONS, MAX_CLIP_S, VoiceTower

LICENCE = "non-commercial use only (RAVDESS and nEMO: CC BY-NC-SA 4.0; CK+: non-commercial; FER2013: research)"
VERSION = "0.1.0"


def write_bundle(
    folder: Path, faces: FaceTower, text: TextTower, voices: VoiceTower, fusion: VideoFusion, constants: dict[str, Any]
) -> None:
    """Write weights at half precision, cards and profile.json.

    Args:
        folder: made if missing.
        constants: what `constants_of` and the calibration found; merged into profile.json.
    """
    from safetensors.torch import save_file

    (folder / "audio").mkdir(parents=True, exist_ok=True)
    towers = {f"visual.{name}": value for name, value in faces.visual.state_dict().items()}
    towers |= {name: value for name, value in text.clip.state_dict().items() if not name.startswith("visual.")}
    save_file(_half(towers), folder / "open_clip_model.safetensors")
    save_file(_half(voices.network.state_dict()), folder / "audio" / "model.safetensors")
    heads = {f"visual_fusion_module.{name}": value for name, value in fusion.module.state_dict().items()}
    heads |= {f"auditory_adapter.{name}": value for name, value in voices.adapter.state_dict().items()}
    save_file(_half(heads), folder / "heads.safetensors")
    write_json(folder / "open_clip_config.json", {"model_cfg": STARTER_MODEL_CFG, "preprocess_cfg": {}})
    source = "trained from scratch by `emoasst train --recipe starter`"
    Card(
        "starter", "open_clip", source, LICENCE,
        color="grey_face", interpolation="bilinear", resize_mode="squash", detail_px=PICTURE_PX,
        fine_detail=FACE_DETAIL,
    ).write(folder)  # fmt: skip
    Card("starter-voice", "prosody", source, LICENCE, normalise_sound=False).write(folder / "audio")
    write_json(folder / PROFILE_FILE, profile_values(voices, constants))


def profile_values(voices: VoiceTower, constants: dict[str, Any]) -> dict[str, Any]:
    """The content of profile.json."""
    adapter = {"audio_dim": voices.network.state_dim, **ADAPTER_OPTIONS}
    return {
        "format": FORMAT, "name": "starter", "version": VERSION,
        "summary": "Small EmoAsst trained on public faces, acted speech and television transcripts; for non-commercial use.",
        "vision": ".", "text": ".", "audio": "audio", "heads": "heads.safetensors",
        "visual_fusion_module": dict(FUSION_OPTIONS), "auditory_adapter": adapter,
        "num_frames": NUM_FRAMES, "max_sound_s": MAX_CLIP_S, "min_words": 3, **constants,
    }  # fmt: skip


def zero_shot_constants(text: TextTower, voices: VoiceTower, fusion: VideoFusion) -> dict[str, Any]:
    """Scale and bias of each modality's comparison with the class prompts."""
    zeros = [0.0] * len(text.words_bias)
    return {
        "face": {"scale": _rounded(fusion.log_scale.exp()), "bias": zeros},
        "voice": {"scale": _rounded(voices.log_scale.exp()), "bias": zeros},
        "words": {"scale": _rounded(text.log_scale.exp()), "bias": [_rounded(value) for value in text.words_bias]},
    }


def read_text_tower(folder: Path) -> TextTower:
    """The text tower of a bundle, as `write_bundle` left it (at half precision).

    Raises:
        ModelError: the bundle lacks it or holds another one.
    """
    config = read_profile(folder)
    state = _read(folder / "open_clip_model.safetensors")
    text = TextTower()
    _fill(text.clip, {name: value for name, value in state.items() if not name.startswith("visual.")}, folder)
    words = config.zero_shot[Modality.WORDS.value]
    with torch.no_grad():
        text.log_scale.copy_(torch.tensor(float(words["scale"])).log())
        text.words_bias.copy_(torch.tensor(words["bias"]))
    return text.eval()


def _read(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return {name: value.float() if value.dtype.is_floating_point else value for name, value in load_file(path).items()}
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{path} cannot be read.", "Import the model again.") from error


def _fill(module: nn.Module, state: dict[str, Tensor], folder: Path) -> None:
    try:
        module.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"{folder} holds networks of other sizes than this recipe's.", "Train them anew.") from error


def class_features(text: TextTower, prompts: Prompts, tokenize: Any) -> NDArray[np.float32]:
    """(num_emotions, embed_dim) text weights of the class prompts."""
    with torch.inference_mode():
        return prompts.class_features(lambda sentences: text.embed(tokenize(list(sentences))).numpy())


def update_profile(folder: Path, **changes: Any) -> None:
    """Replace fields of profile.json."""
    path = folder / PROFILE_FILE
    write_json(path, {**json.loads(path.read_text("utf-8")), **changes})


def _half(state: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: (value.half() if value.dtype.is_floating_point else value).contiguous() for name, value in state.items()}


def _rounded(value: Tensor) -> float:
    return round(value.detach().item(), 4)
