"""The full-size towers of EmoAsst with random weights, and real faces and voices joined into small recordings."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np

from emoasst_core.capture.media_file import load_sound
from emoasst_core.emotions import EMOTIONS
from emoasst_core.training.starter.face_data import load_ferplus
from tests.core.encoders.small_models import write_open_clip
from tests.media import write_recording

CLIP_SIDE = 128


def write_full_size_towers(folder: Path) -> tuple[Path, Path]:
    """CLIP ViT-B/32 and wav2vec 2.0 base, first nine layers."""
    from emoasst_core.encoders.open_clip_network import import_open_clip

    write_open_clip(folder / "clip", import_open_clip().get_model_config("ViT-B-32"))
    from transformers import Wav2Vec2Config, Wav2Vec2Model

    Wav2Vec2Model(Wav2Vec2Config()).save_pretrained(folder / "wav2vec2")
    card = {"name": "wav2vec2", "kind": "wav2vec2", "num_layers": 9}
    (folder / "wav2vec2" / "card.json").write_text(json.dumps(card), encoding="utf-8")
    return folder / "clip", folder / "wav2vec2"


def write_real_clips(data: Path, folder: Path, num_clips: int) -> Path:
    """RAVDESS sentences under FER+ faces of the same emotion; by actor, the last two of those used are for dev."""
    folder.mkdir(parents=True)
    faces = load_ferplus(data / "faces" / "ferplus_valid.npz", False)
    with (data / "speech" / "ravdess.csv").open(encoding="utf-8", newline="") as handle:
        spoken = [row for row in csv.DictReader(handle) if row["emotion"] in EMOTIONS]
    generator = np.random.default_rng(0)
    rows = []
    for number, row in enumerate(spoken[:: len(spoken) // num_clips][:num_clips]):
        sound = load_sound(data / "speech" / row["path"], 0.0, 2.0)
        candidates = np.flatnonzero(faces.labels == EMOTIONS.index(row["emotion"]))
        pictures = []
        for index in generator.choice(candidates, 4):
            grey = cv2.resize(faces.images[index], (CLIP_SIDE, CLIP_SIDE), interpolation=cv2.INTER_CUBIC)
            pictures += [np.repeat(grey[..., None], 3, 2)] * 3
        name = f"{number:03d}.mp4"
        write_recording(folder / name, pictures, sound, frame_rate_hz=6)
        split = "dev" if row["speaker"] in ("ravdess_19", "ravdess_20") else "train"
        record = {"id": name[:-4], "split": split, "video": name, "label": row["emotion"], "speaker": row["speaker"]}
        rows.append(record | {"text": "Kids are talking by the door."})
    listing = folder / "clips.csv"
    with listing.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.DictWriter(handle, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return listing


def write_full_size_profile(folder: Path, vision: str = "clip", audio: str = "wav2vec2") -> Path:
    """A profile of those towers with random heads: its readings mean nothing, its speed is that of the paper's sizes.

    `python -m tests.core.training.full_size FOLDER`, then `emoasst bench live --profile FOLDER`.

    Args:
        folder: where the towers lie.
        vision, audio: their folders in it.
    """
    from safetensors.torch import save_file

    from emoasst_core.emoasst.heads import EmoAsstHeads
    from emoasst_core.paths import assets_folder

    profile = json.loads((assets_folder() / "models" / "starter" / "profile.json").read_text("utf-8"))
    profile["visual_fusion_module"] |= {"embed_dim": 512, "num_heads": 8, "feedforward_dim": 2048}
    profile["auditory_adapter"] |= {"audio_dim": 768, "embed_dim": 512, "num_heads": 8, "feedforward_dim": 2048}
    profile |= {"name": "full-size", "vision": vision, "text": vision, "audio": audio, "words": "", "memory": {}}
    heads = EmoAsstHeads(dict(profile["visual_fusion_module"]), dict(profile["auditory_adapter"]))
    save_file({name: weight.contiguous() for name, weight in heads.state_dict().items()}, folder / profile["heads"])
    (folder / "profile.json").write_text(json.dumps(profile, indent=1), encoding="utf-8")
    return folder


if __name__ == "__main__":
    import sys

    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    write_full_size_towers(target)
    write_full_size_profile(target)
