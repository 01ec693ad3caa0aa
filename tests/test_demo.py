"""The bundled conversation is what its ground truth says: the right length, faces that can be found, speech where words are."""

from __future__ import annotations

import itertools
import json
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Frame
from emoasst_core.emotions import EMOTIONS
from emoasst_core.faces.detector import CascadeDetector
from emoasst_core.paths import assets_folder

DEMO = assets_folder() / "demo"
EVERY = 6  # pictures looked at: one in six


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((DEMO / "conversation.json").read_text("utf-8"))


@pytest.fixture(scope="module")
def pictures() -> list[Frame]:
    with (DEMO / "conversation.webm").open("rb") as handle, av.open(handle) as film:
        frames = enumerate(film.decode(video=0))
        return [Frame(float(frame.time), frame.to_ndarray(format="rgb24")) for number, frame in frames if number % EVERY == 0]


@pytest.fixture(scope="module")
def sound() -> tuple[NDArray[np.float32], int]:
    with (DEMO / "conversation.webm").open("rb") as handle, av.open(handle) as film:
        blocks = [block.to_ndarray()[0] for block in film.decode(audio=0)]
        return np.concatenate(blocks).astype(np.float32), film.streams.audio[0].rate


def in_view(truth: dict[str, Any], time_s: float, margin_s: float = 0.0) -> bool:
    return not any(
        span["start_s"] - margin_s <= time_s < span["end_s"] + margin_s for span in truth["spans"] if not span["in_view"]
    )


def test_the_film_is_small_short_and_free_of_patents() -> None:
    film = DEMO / "conversation.webm"
    assert film.stat().st_size <= 1_500_000
    with film.open("rb") as handle, av.open(handle) as opened:
        video, audio = opened.streams.video[0], opened.streams.audio[0]
        assert (video.codec_context.name, audio.codec_context.name) in {("vp9", "opus"), ("libvpx-vp9", "libopus")}
        assert (video.width, video.height, float(video.average_rate)) == (640, 480, 25.0)


def test_the_ground_truth_covers_the_whole_film_without_gaps(truth: dict[str, Any], pictures: list[Frame]) -> None:
    spans = truth["spans"]
    assert spans[0]["start_s"] == 0.0
    assert [span["end_s"] for span in spans] == [span["start_s"] for span in spans[1:]] + [truth["duration_s"]]
    assert {span["emotion"] for span in spans} - {None} <= set(EMOTIONS)
    assert pictures[-1].time_s == pytest.approx(truth["duration_s"], abs=EVERY / 25 + 0.05)


def test_the_cascade_finds_the_face_in_nine_of_ten_pictures_and_none_in_the_empty_room(
    truth: dict[str, Any], pictures: list[Frame]
) -> None:
    detector = CascadeDetector(FaceOptions())
    passing_s = 1.0  # half in and half out of the picture just before and after the absence
    seen = [bool(detector.detect(picture)) for picture in pictures if in_view(truth, picture.time_s, passing_s)]
    gone = [bool(detector.detect(picture)) for picture in pictures if not in_view(truth, picture.time_s)]

    assert np.mean(seen) >= 0.9
    assert len(gone) >= 10
    assert not any(gone)


def test_words_are_spoken_where_they_are_written_and_pauses_are_still(
    truth: dict[str, Any], sound: tuple[NDArray[np.float32], int]
) -> None:
    samples, rate_hz = sound

    def level(start_s: float, end_s: float) -> float:
        part = samples[round(start_s * rate_hz) : round(end_s * rate_hz)]
        return float(np.sqrt(np.mean(part**2)))

    script = truth["script"]
    assert all(level(line["start_s"], line["end_s"]) > 0.03 for line in script)
    pauses = [(before["end_s"] + 0.1, after["start_s"] - 0.05) for before, after in itertools.pairwise(script)]
    assert all(level(*pause) < 0.003 for pause in pauses)
    for line in script:
        said = [word["text"] for word in truth["words"] if line["start_s"] <= word["start_s"] < line["end_s"]]
        assert said == [word.strip(".,!?") for word in line["text"].split()]


def test_two_people_talk_and_one_is_seen(truth: dict[str, Any]) -> None:
    assert {line["speaker"] for line in truth["script"]} == {"seen", "heard"}
