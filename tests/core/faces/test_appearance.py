"""Telling people apart, on drawn faces; on real ones where there are recordings."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.faces.appearance import MIN_LIKENESS, FaceGallery, embed_appearance
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.detector import CascadeDetector


def textured(seed: int, shift: int = 0, light: float = 1.0) -> np.ndarray:
    """A smooth pattern that stands for a face."""
    noise = np.random.default_rng(seed).uniform(40, 215, (12, 12)).astype(np.float32)
    picture = cv2.resize(noise, (160, 160), interpolation=cv2.INTER_CUBIC)
    moved = np.roll(picture, shift, 1) * light
    return np.repeat(moved.clip(0, 255).astype(np.uint8)[..., None], 3, 2)


def test_the_embedding_is_a_unit_vector_of_one_size():
    for side in (48, 160):
        vector = embed_appearance(cv2.resize(textured(1), (side, side)))
        assert vector.dtype == np.float32 and vector.shape == embed_appearance(textured(2)).shape
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_a_face_is_known_again_in_another_light_and_another_face_is_not():
    gallery = FaceGallery([("p-1", embed_appearance(textured(1))), ("p-2", embed_appearance(textured(2)))])
    assert gallery.best(embed_appearance(textured(1, light=0.8)))[0] == "p-1"
    assert gallery.best(embed_appearance(textured(2, light=1.1)))[0] == "p-2"
    person, likeness = gallery.best(embed_appearance(textured(3)))
    assert person == "" and likeness < MIN_LIKENESS


def test_two_people_who_are_equally_like_are_not_guessed_between():
    twin = embed_appearance(textured(1))
    assert FaceGallery([("p-1", twin), ("p-2", twin)]).best(twin)[0] == ""


def test_an_empty_gallery_knows_nobody():
    assert FaceGallery().best(embed_appearance(textured(1))) == ("", 0.0)


def embedded(path: Path) -> list[np.ndarray]:
    detector, vectors = CascadeDetector(), []
    for frame in MediaFile(path, 2.0).frames():
        faces = detector.detect(frame)
        if faces:
            vectors.append(embed_appearance(crop(frame.image, crop_box(faces[0], "cascade"))))
    return vectors[:6]


def test_speakers_of_real_clips_are_told_apart_without_a_false_match(data_folder: Path):
    with open(data_folder / "clips" / "clips.csv", encoding="utf-8", newline="") as handle:
        names = [row["file"] for row in csv.DictReader(handle) if row["file"].startswith("grid_")]
    clips = {name: embedded(data_folder / "clips" / name) for name in names}
    same_man = {"grid_id2_vcd_swwp2s.mpg", "grid_pwij3p.mpg"}
    gallery = FaceGallery(
        [(name, vector) for name, vectors in clips.items() for vector in vectors[:2] if name != "grid_pwij3p.mpg"]
    )
    found = [(name, gallery.best(vector)[0]) for name, vectors in clips.items() for vector in vectors[2:]]
    wrong = [pair for pair in found if pair[1] not in ("", pair[0]) and not set(pair) <= same_man]
    assert wrong == []
    assert sum(bool(known) for _, known in found) > 0.8 * len(found)
    assert all(known for name, known in found if name == "grid_pwij3p.mpg")  # of that man only the other clip was shown
