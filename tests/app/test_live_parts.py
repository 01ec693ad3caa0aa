"""The parts of the live page that decide when something is said or heard."""

import itertools
import time

from PySide6.QtWidgets import QApplication, QLabel, QWidget

from app.announcer import Announcer
from app.captions import Captions
from app.cue_sound import GAP_S, CueSound, QuietMoment, tone_samples
from emoasst_core.datatypes import Transcript, Word
from emoasst_core.session.events import CaptionHeard, WordsHeard


def until(condition, patience_s=5.0):
    """Let events in until it holds; pytest-qt's own waiting does not work after a `main()` has quit the application."""
    end_s = time.monotonic() + patience_s
    while not condition():
        assert time.monotonic() < end_s
        QApplication.processEvents()
        time.sleep(0.005)


class Clock:
    now_s = 100.0

    def __call__(self):
        return self.now_s


def announcer(qtbot, gap_s=3.0):
    widget, clock, said = QWidget(), Clock(), []
    qtbot.addWidget(widget)
    made = Announcer(widget, gap_s, lambda _widget, words: said.append((clock.now_s, words)), clock)
    return made, clock, said


def test_cues_that_come_too_soon_wait_and_only_the_newest_is_said(qtbot):
    made, clock, said = announcer(qtbot, 0.05)
    made.say("Looks happy")
    made.say("Maybe sad")
    made.say("Not sure")
    assert said == [(100.0, "Looks happy")]
    clock.now_s = 100.06
    until(lambda: len(said) == 2)
    assert said[1] == (100.06, "Not sure")


def test_the_same_words_are_not_said_twice_running(qtbot):
    made, clock, said = announcer(qtbot)
    made.say("Looks happy")
    clock.now_s += 10
    made.say("Looks happy")
    assert len(said) == 1


def test_a_flood_of_cues_is_never_announced_faster_than_the_gap(qtbot):
    made, clock, said = announcer(qtbot)
    for step in range(600):
        clock.now_s += 0.1
        made.say(f"cue {step}")
    times = [time_s for time_s, _ in said]
    assert min(later - earlier for earlier, later in itertools.pairwise(times)) >= 3.0
    assert len(times) >= 18


def tone():
    clock, played = Clock(), []
    sound = CueSound(None, lambda: played.append(clock.now_s), clock)
    return sound, clock, played


def test_the_tone_is_off_unless_chosen():
    sound, _clock, played = tone()
    sound.want()
    assert not sound.is_on and played == []


def test_the_tone_comes_at_most_once_in_twenty_seconds():
    sound, clock, played = tone()
    sound.is_on = True
    for _ in range(1_200):
        clock.now_s += 0.1
        sound.want()
    assert min(later - earlier for earlier, later in itertools.pairwise(played)) >= GAP_S
    assert len(played) == 6


def test_the_tone_waits_for_half_a_second_without_speech_and_then_comes_too_late_after_three():
    sound, clock, played = tone()
    sound.is_on = True
    for level_db, seconds in ((-60, 2.0), (-25, 2.0)):
        for _ in range(int(seconds * 10)):
            clock.now_s += 0.1
            sound.hear(level_db)
    sound.want()
    assert played == []
    start_s = clock.now_s
    while not played and clock.now_s < start_s + 5:
        clock.now_s += 0.1
        sound.hear(-60)
    assert 0.4 <= played[0] - start_s <= 0.7
    clock.now_s += GAP_S + 1
    sound.hear(-25)
    sound.want()
    for _ in range(40):
        clock.now_s += 0.1
        sound.hear(-25)
    clock.now_s += 1
    sound.hear(-60)
    assert len(played) == 1


def test_a_noisy_room_is_not_taken_for_endless_speech():
    moment = QuietMoment()
    for step in range(600):
        moment.hear(step * 0.1, -30.0)
    assert moment.is_quiet(60.0)


def test_the_tone_is_soft_and_never_clicks():
    samples = tone_samples()
    assert max(map(abs, samples)) < 0.13 * 32_768
    assert abs(samples[0]) < 20 and abs(samples[-1]) < 20


def captions(qtbot):
    labels = [QLabel() for _ in range(3)]
    for label in labels:
        qtbot.addWidget(label)
    return Captions(*labels), *labels


def heard(text, is_basic=False):
    return WordsHeard(Transcript((Word(0, 1, text),), "test", is_basic))


def test_partial_words_give_way_to_the_finished_ones_and_each_is_shown_once(qtbot):
    made, words, partial, heading = captions(qtbot)
    made.take(CaptionHeard(0, 1, "good", False))
    assert (words.text(), partial.text()) == ("", "good …")
    made.take(heard("Good morning", True))
    made.take(CaptionHeard(0, 2, "Good morning", True))
    assert (words.text(), partial.text()) == ("Good morning", "")
    assert "basic" in heading.text()
    made.take(CaptionHeard(2, 3, "Yes", True))
    made.take(heard("Yes"))
    made.take(CaptionHeard(3, 4, "Yes", True))
    assert words.text() == "Yes\nYes"


def test_without_partial_captions_finished_words_are_shown_as_they_come(qtbot):
    made, words, _partial, _heading = captions(qtbot)
    for text in ("one", "two", "three"):
        made.take(heard(text))
    assert words.text() == "two\nthree"
