import threading

import pytest
from recordings import number_of, write_recording, write_sound

from emoasst_core.errors import MediaError
from emoasst_core.session.picture_seeker import PictureSeeker
from emoasst_core.session.playback import Playback

WAIT_S = 20.0


@pytest.fixture
def clip(tmp_path):
    return write_recording(tmp_path / "clip.mp4", ("green", "red", "blue"), seconds_each=1.0)


@pytest.mark.parametrize("order", [range(30), range(29, -1, -1), (3, 28, 0, 11, 12, 29, 10, 9)])
def test_any_picture_is_found_exactly_in_any_order(clip, order):
    seeker = PictureSeeker(clip)
    assert [number_of(seeker.at(number / 10 + 0.03).image) for number in order] == list(order)
    seeker.close()


def test_stepping_goes_picture_by_picture_and_stays_at_the_ends(clip):
    seeker = PictureSeeker(clip)
    assert number_of(seeker.step(1.0, 1).image) == 11
    assert number_of(seeker.step(1.0, -3).image) == 7
    assert number_of(seeker.step(0.1, -9).image) == 0
    assert number_of(seeker.step(2.8, 9).image) == 29
    seeker.close()


def test_sound_alone_has_no_pictures(tmp_path):
    with pytest.raises(MediaError, match="no picture"):
        PictureSeeker(write_sound(tmp_path / "voice.wav"))


def test_of_several_moments_the_last_is_shown_and_failures_are_told(clip, tmp_path):
    shown, failures, changed = [], [], threading.Condition()

    def note(items, item):
        with changed:
            items.append(item)
            changed.notify_all()

    playback = Playback(lambda frame: note(shown, frame), lambda error: note(failures, error))
    playback.open(clip)
    for number in range(25):
        playback.show(number / 10)
    with changed:
        assert changed.wait_for(lambda: shown and number_of(shown[-1].image) == 24, WAIT_S)
    playback.step(2)
    with changed:
        assert changed.wait_for(lambda: number_of(shown[-1].image) == 26, WAIT_S)
    playback.open(tmp_path / "missing.mp4")
    with changed:
        assert changed.wait_for(lambda: failures, WAIT_S)
    playback.close()
    assert "missing.mp4" in failures[0].message
