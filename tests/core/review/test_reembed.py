"""Another model: what was kept of the answered clips is read again, from file or encrypted recording; the rest is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Box, CueState, Face, Frame, Modality, Shot, Vector
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.reembed import reembed, waiting_shots
from emoasst_core.review.relabel import place_of, relabel, undo_last_change, withdraw
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, delete_session, get_session, save_session
from emoasst_core.store.shots import (
    add_shot,
    current_version,
    earlier_versions,
    hold_back,
    list_shots,
    rollback,
    shots_for,
)

FACE, VOICE, WORDS = Modality.FACE, Modality.VOICE, Modality.WORDS
KEY = np.eye(4, dtype=np.float32)[0]


class BrightnessRecogniser:
    """Embeds a face by its brightness, a voice by its loudness and length, words by their number."""

    encoder_hash = "new model"
    config = SimpleNamespace(num_frames=4)

    def embed_crops(self, crops: list[np.ndarray]) -> Vector:
        return np.array([[crop.mean(), 1.0, 0.0, 0.0] for crop in crops], np.float32)

    def embed_video(self, frames: Vector) -> Vector:
        return unit(frames.mean(0))

    def embed_voice(self, samples: np.ndarray) -> Vector | None:
        return unit(np.array([float(np.abs(samples).mean()), len(samples) / SAMPLE_RATE_HZ, 0.0, 1.0]))

    def embed_words(self, text: str, context: tuple[str, ...] = ()) -> Vector | None:
        return unit(np.array([len(text.split()), 1.0, 1.0, 0.0])) if text else None


class MiddleDetector:
    """Finds one face in the middle of every picture."""

    name = "yunet"

    def detect(self, frame: Frame) -> list[Face]:
        return [Face(frame.time_s, Box(60.0, 40.0, 40.0, 40.0), 0.9)]


def unit(values: np.ndarray) -> Vector:
    return np.asarray(values / np.linalg.norm(values), np.float32)


def record_session(database: Database, session_id: str) -> None:
    """Three seconds, kept encrypted: dark for a second and a half, then bright, with a tone throughout."""
    writer = MediaVault(database).record(session_id)
    for number in range(90):
        writer.frame(Frame(number / 30, np.full((120, 160, 3), 40 if number < 45 else 200, np.uint8)))
        if number % 3 == 0:
            times = number / 30 + np.arange(SAMPLE_RATE_HZ // 10) / SAMPLE_RATE_HZ
            writer.sound(AudioBlock(number / 30, (0.3 * np.sin(2 * np.pi * 440 * times)).astype(np.float32)))
    writer.close()


@pytest.fixture
def family(database: Database, record: SessionRecord) -> Database:
    """A kept recording and shots of the old model: a bright face with a voice, words, and one of a session since deleted."""
    rows = (
        UtteranceRow(1, 2.0, 2.8, True, "p-00000001", "", "joy", CueState.CLEAR, {}, {FACE: KEY, VOICE: KEY}),
        UtteranceRow(2, 0.2, 1.0, True, "p-00000001", "one two three", "joy", CueState.CLEAR, {}, {WORDS: KEY}),
    )
    save_session(database, replace(record, session_id="kept", recording="", encoder_hash="old model", utterances=rows))
    save_session(database, replace(record, session_id="gone", recording=""))
    record_session(database, "kept")
    shot = Shot(np.eye(7, dtype=np.float32)[2], {FACE: KEY, VOICE: KEY}, "old model", "p-00000001", event="kept/0", is_sure=False)
    add_shot(database, shot, "kept", 1, "father", answers={"father": "sadness", "mother": "sadness"}, told_by="voice")
    add_shot(database, replace(shot, keys={WORDS: KEY}), "kept", 2, "mother")
    add_shot(database, replace(shot, keys={FACE: KEY}), "gone", 1, "mother")
    delete_session(database, "gone")
    return database


def test_kept_clips_are_read_again_and_the_answers_stay_as_they_were(family: Database) -> None:
    steps: list[tuple[int, int]] = []
    found = reembed(family, BrightnessRecogniser(), MiddleDetector(), lambda *step: steps.append(step))  # type: ignore[arg-type]
    assert len(found.shot_ids) == 2
    assert steps == [(1, 3), (2, 3), (3, 3)]
    by_hash = {name: [r for r in list_shots(family) if r.shot.encoder_hash == name] for name in ("old model", "new model")}
    assert len(by_hash["old model"]) == 3
    clip, words = by_hash["new model"]
    assert clip.shot.keys[FACE][0] > 0.99  # the bright half, and only it
    assert clip.shot.keys[VOICE][1] / clip.shot.keys[VOICE][3] == pytest.approx(0.8, abs=0.02)
    assert (clip.answers, clip.told_by, clip.shot.is_sure) == ({"father": "sadness", "mother": "sadness"}, "voice", False)
    assert (clip.shot.person, clip.shot.event) == ("p-00000001", "kept/0")
    assert list(words.shot.keys) == [WORDS]


def test_what_cannot_be_read_again_is_told_with_the_reason(family: Database) -> None:
    ((shot_id, reason),) = reembed(family, BrightnessRecogniser(), MiddleDetector()).left  # type: ignore[arg-type]
    assert shot_id == 3
    assert "There is no session gone" in reason


def test_all_of_it_is_one_change_and_a_second_time_nothing_is_left_to_do(family: Database) -> None:
    before = current_version(family)
    reembed(family, BrightnessRecogniser(), MiddleDetector())  # type: ignore[arg-type]
    after = current_version(family)
    assert reembed(family, BrightnessRecogniser(), MiddleDetector()).shot_ids == ()  # type: ignore[arg-type]
    assert current_version(family) == after
    assert after.change == "answers read again for another model"
    assert rollback(family) == before


class PowerCutError(Exception):
    """Is cut."""


def cut_after(num_clips: int) -> Callable[[int, int], None]:
    def tell(done: int, _total: int) -> None:
        if done == num_clips:
            raise PowerCutError

    return tell


def test_broken_off_half_way_nothing_counts_yet_and_the_next_time_goes_on(family: Database) -> None:
    with pytest.raises(PowerCutError):
        reembed(family, BrightnessRecogniser(), MiddleDetector(), cut_after(1))  # type: ignore[arg-type]
    assert shots_for(family, "new model") == []
    assert len(shots_for(family, "old model")) == 3
    assert [shot.session_id for shot in waiting_shots(family, "new model")] == ["kept", "gone"]
    steps: list[tuple[int, int]] = []
    found = reembed(family, BrightnessRecogniser(), MiddleDetector(), lambda *step: steps.append(step))  # type: ignore[arg-type]
    assert (len(found.shot_ids), steps) == (1, [(1, 2), (2, 2)])
    assert len(shots_for(family, "new model")) == 2
    assert {shot.encoder_hash for shot in shots_for(family, "new model")} == {"new model"}
    assert len(shots_for(family, "old model")) == 3


def test_an_answer_that_was_held_back_stays_held_back_with_the_new_model(family: Database) -> None:
    hold_back(family, [1])
    reembed(family, BrightnessRecogniser(), MiddleDetector())  # type: ignore[arg-type]
    assert [list(shot.keys) for shot in shots_for(family, "new model")] == [[WORDS]]


def test_what_could_not_be_read_is_not_tried_at_every_start(family: Database) -> None:
    assert [record.shot.shot_id for record in waiting_shots(family, "new model")] == [1, 2, 3]
    reembed(family, BrightnessRecogniser(), MiddleDetector())  # type: ignore[arg-type]
    assert waiting_shots(family, "new model") == ()
    assert [record.shot.shot_id for record in waiting_shots(family, "new model", with_given_up=True)] == [3]
    assert reembed(family, BrightnessRecogniser(), MiddleDetector(), with_given_up=False).left == ()  # type: ignore[arg-type]
    assert waiting_shots(family, "new model") == ()


def test_a_changed_or_withdrawn_answer_changes_what_every_model_made_of_the_clip(family: Database) -> None:
    reembed(family, BrightnessRecogniser(), MiddleDetector())  # type: ignore[arg-type]
    num_versions = len(earlier_versions(family))
    relabel(family, "kept", 2, "fear", "mother")
    labels = {r.shot.encoder_hash: EMOTIONS[r.shot.label.argmax()] for r in list_shots(family) if place_of(r) == ("kept", 2)}
    assert labels == {"old model": "fear", "new model": "fear"}
    assert len(earlier_versions(family)) == num_versions + 1
    undo_last_change(family)
    assert [int(r.shot.label.argmax()) for r in list_shots(family) if place_of(r) == ("kept", 2)] == [2, 2]
    assert get_session(family, "kept").utterances[1].label == "sadness"
    withdraw(family, 2)
    assert [r for r in list_shots(family) if place_of(r) == ("kept", 2)] == []


def test_undoing_the_reading_leaves_the_answers_themselves(family: Database) -> None:
    relabel(family, "kept", 1, "sadness", "father")
    reembed(family, BrightnessRecogniser(), MiddleDetector())  # type: ignore[arg-type]
    undo_last_change(family)
    assert get_session(family, "kept").utterances[0].label == "sadness"


def test_a_recording_that_has_been_moved_is_told(database: Database, record: SessionRecord, tmp_path: Path) -> None:
    save_session(database, replace(record, session_id="moved", recording=str(tmp_path / "moved.mp4")))
    add_shot(database, Shot(np.eye(7, dtype=np.float32)[2], {FACE: KEY}, "old model"), "moved", 1)
    ((_, reason),) = reembed(database, BrightnessRecogniser(), MiddleDetector()).left  # type: ignore[arg-type]
    assert "Nothing of it was kept" in reason
