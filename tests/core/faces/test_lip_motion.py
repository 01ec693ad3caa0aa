"""Whose lips move, on drawn faces; on real speakers beside real listeners where there are recordings."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.detector import CascadeDetector
from emoasst_core.faces.lip_motion import KEPT_S, LipMotion

RATE_HZ = 10.0


def drawn(number: int, speaks: bool, tremble: bool) -> np.ndarray:
    """A textured square with two eyes and a mouth that opens and closes, in a box that may tremble."""
    noise = np.random.default_rng(1).uniform(90, 160, (16, 16)).astype(np.float32)
    face = cv2.resize(noise, (140, 140), interpolation=cv2.INTER_CUBIC).astype(np.uint8)
    for x in (45, 95):
        cv2.circle(face, (x, 52), 9, 20, -1)
    cv2.ellipse(face, (70, 108), (20, 3 + (6 if speaks and number % 2 else 0)), 0, 0, 360, 30, -1)
    dx, dy = np.random.default_rng(number).integers(-2, 3, 2) if tremble else (0, 0)
    return np.repeat(np.roll(face, (dy, dx), (0, 1))[4:-4, 4:-4, None], 3, 2)


def test_the_one_whose_lips_move_is_the_speaker_though_both_boxes_tremble():
    lips = LipMotion()
    for number in range(20):
        lips.see("speaks", number / RATE_HZ, drawn(number, speaks=True, tremble=True))
        lips.see("listens", number / RATE_HZ, drawn(number, speaks=False, tremble=True))
    assert lips.speaker(["listens", "speaks"], 0.0, 2.0) == "speaks"
    assert lips.speaker(["listens"], 0.0, 2.0) == ""


def test_old_motion_of_somebody_still_in_view_is_forgotten():
    lips = LipMotion()
    for number in range(int(3 * KEPT_S * RATE_HZ)):
        lips.see("person 1", number / RATE_HZ, drawn(number, speaks=True, tremble=False))
    assert lips.motion("person 1", 0.0, 2 * KEPT_S - 1.0) is None
    assert lips.motion("person 1", 2 * KEPT_S, 3 * KEPT_S) is not None


def test_it_says_when_it_cannot_tell():
    lips = LipMotion()
    for number in range(20):  # one picture in a second shows no motion
        lips.see("person 1", float(number), drawn(number, speaks=True, tremble=False))
    assert lips.speaker(["person 1"], 0.0, 20.0) is None
    assert lips.speaker([], 0.0, 1.0) is None


def follow(lips: LipMotion, person: str, path: Path, from_s: float) -> None:
    detector = CascadeDetector()
    for frame in MediaFile(path, RATE_HZ).frames():
        if from_s + 2.0 < frame.time_s:
            break
        faces = detector.detect(frame) if frame.time_s >= from_s else []
        if faces:
            lips.see(person, frame.time_s - from_s, crop(frame.image, crop_box(faces[0], "cascade")))


def test_real_speakers_are_mostly_told_from_a_real_listener_beside_them(data_folder: Path):
    lips, right, num_pairs = LipMotion(), 0, 0
    speakers = ["grid_bbaf2n", "grid_brbk7n", "grid_lbax4n", "grid_pwij3p", "grid_sbia1a", "grid_swiz3n"]
    for name in speakers:
        follow(lips, name, data_folder / "clips" / f"{name}.mpg", 0.4)
    for listener, from_s in (("liveportrait_d9.mp4", 2.0), ("liveportrait_d3.mp4", 1.0)):
        follow(lips, listener, data_folder / "clips" / listener, from_s)
        num_pairs += len(speakers)
        right += sum(lips.speaker([listener, name], 0.0, 2.0) == name for name in speakers)
    assert right >= 0.75 * num_pairs  # 10 of 12


def test_lips_not_seen_for_long_are_forgotten():
    lips, random = LipMotion(), np.random.default_rng(0)
    for number in range(100):
        lips.see("passer-by", number / 10, random.integers(0, 256, (96, 96, 3), dtype=np.uint8))
    assert lips.motion("passer-by", 0.0, 10.0) is not None
    lips.see("grandma", 10.0 + KEPT_S + 0.1, random.integers(0, 256, (96, 96, 3), dtype=np.uint8))
    assert lips.motion("passer-by", 0.0, 10.0) is None
