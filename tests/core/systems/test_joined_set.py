"""The joined set shares no voice, photograph or line between splits, nor between actors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from emoasst_core.errors import ManifestError
from emoasst_core.training.systems.examples import Example, ExampleSet
from emoasst_core.training.systems.joined_set import NUM_FRAMES, load_joined_set, moving_picture


@pytest.fixture(scope="module")
def voices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the decoded voices are kept: decoding takes longest."""
    return tmp_path_factory.mktemp("store") / "voices.npz"


@pytest.fixture(scope="module")
def joined(data_folder: Path, voices: Path) -> ExampleSet:
    return load_joined_set(data_folder, voices)


def test_splits_share_no_actor_photograph_or_line(joined: ExampleSet) -> None:
    parts = {name: joined.split(name).examples for name in ("train", "dev", "test")}
    for first, second in (("train", "dev"), ("train", "test"), ("dev", "test")):
        assert not {e.speaker for e in parts[first]} & {e.speaker for e in parts[second]}
        assert not {e.group for e in parts[first]} & {e.group for e in parts[second]}
        pictures = [
            {np.sort(e.frames[0], axis=None)[::97].tobytes() for e in parts[name] if e.frames is not None}
            for name in (first, second)
        ]
        assert len(pictures[0] & pictures[1]) == 0
    joined.require_splits()


def test_every_row_has_all_three_and_its_own_emotion_among_those_present(joined: ExampleSet) -> None:
    for example in joined.examples[::50]:
        assert example.frames is not None and example.frames.shape == (NUM_FRAMES, 48, 48, 3)
        assert example.samples is not None and len(example.samples) > 8000
        assert example.text and example.labels[example.label] == 1.0
        assert example.sentiment in (-1.0, 0.0, 1.0)
    assert len({joined.session_of(example.speaker) for example in joined.examples}) == 5
    assert "Synthetic" in joined.note


def test_the_same_seed_joins_alike(joined: ExampleSet, data_folder: Path, voices: Path) -> None:
    again = load_joined_set(data_folder, voices)
    assert [e.text for e in again.examples] == [e.text for e in joined.examples]


def test_a_photograph_becomes_a_short_film_of_itself() -> None:
    picture = np.random.default_rng(0).integers(60, 180, (48, 48)).astype(np.uint8)
    film = moving_picture(picture, 5, np.random.default_rng(1))
    assert film.shape == (5, 48, 48, 3) and film.dtype == np.uint8
    assert len({frame.tobytes() for frame in film}) > 1
    assert abs(float(film.mean()) - float(picture.mean())) < 0.12 * float(picture.mean())


def row(number: int, split: str, speaker: str) -> Example:
    return Example(str(number), split, 0, np.zeros(7, np.float32), 0.0, speaker, speaker, None, None, "well then")


def test_a_speaker_in_two_splits_is_refused_where_splits_are_by_speaker() -> None:
    rows = (row(0, "train", "a"), row(1, "dev", "a"))
    with pytest.raises(ManifestError, match="two splits"):
        ExampleSet("mine", rows, sessions={}).require_splits()
    with pytest.raises(ManifestError, match="to choose on"):
        ExampleSet("mine", rows[:1]).require_splits()
