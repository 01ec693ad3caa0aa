from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
import pytest

from emoasst_core.datatypes import CueState, Modality, Shot, Source, Timeline, TimelineSpan
from emoasst_core.emotions import EMOTIONS
from emoasst_core.review.clip_moments import Trigger
from emoasst_core.review.clip_picker import NUM_SAVED, NUM_SHOWN, SPACING_S, pick_clips
from emoasst_core.store.clips import Clip
from emoasst_core.store.sessions import SessionRecord
from emoasst_core.store.utterances import UtteranceRow

STEP_S = 4.0


def probs(first: str, top: float, second: str = "neutral", next_top: float = 0.05) -> dict[str, float]:
    rest = (1 - top - next_top) / (len(EMOTIONS) - 2)
    return {name: top if name == first else next_top if name == second else rest for name in EMOTIONS}


def utterance(number: int, start_s: float, emotion: str = "joy", person: str = "p-1", has_key: bool = True) -> UtteranceRow:
    key = np.eye(16, dtype=np.float32)[number % 16]
    embeddings = {Modality.FACE: key} if has_key else {}
    second = "neutral" if emotion != "neutral" else "joy"
    sure = probs(emotion, 0.8, second)
    return UtteranceRow(number, start_s, start_s + STEP_S, True, person, "", emotion, CueState.CLEAR, sure, embeddings)


def span(
    start_s: float, end_s: float, values: dict[str, float], source: Source = Source.FACE, person: str = "p-1"
) -> TimelineSpan:
    return TimelineSpan(start_s, end_s, person, source, CueState.UNSURE, None, values)


def session(duration_s: float, *spans: TimelineSpan, utterances: tuple[UtteranceRow, ...] | None = None) -> SessionRecord:
    if utterances is None:
        utterances = tuple(utterance(number, (number - 1) * STEP_S) for number in range(1, int(duration_s / STEP_S) + 1))
    timeline = Timeline("", duration_s, spans)
    return SessionRecord("evening", "", datetime.now(UTC), duration_s, "starter", "a" * 64, timeline, utterances)


def for_reason(clips: tuple[Clip, ...], trigger: Trigger) -> list[Clip]:
    return [clip for clip in clips if clip.reason == trigger.value]


def close(start_s: float, emotion: str = "joy", person: str = "p-1") -> TimelineSpan:
    return span(start_s, start_s + 1.5, probs(emotion, 0.45, "neutral" if emotion != "neutral" else "joy", 0.35), person=person)


def test_a_close_call_of_a_second_is_asked_about_and_a_shorter_or_clearer_one_is_not() -> None:
    shorter = span(50.0, 50.9, probs("joy", 0.45, "anger", 0.35))
    clearer = span(80.0, 82.0, probs("joy", 0.55, "anger", 0.35))
    vague = span(110.0, 112.0, probs("joy", 0.34, "anger", 0.30))
    clips = pick_clips(session(160.0, close(20.0), shorter, clearer, vague))
    (clip,) = for_reason(clips, Trigger.CLOSE)
    assert (clip.utterance_number, clip.start_s) == (6, 18.0)


def test_face_and_voice_that_differ_with_certainty_are_asked_about() -> None:
    face, voice = span(40.0, 44.0, probs("joy", 0.6)), span(41.0, 43.0, probs("anger", 0.55), Source.VOICE, "")
    (clip,) = for_reason(pick_clips(session(160.0, face, voice)), Trigger.CONFLICT)
    assert clip.start_s <= 41.0 <= clip.end_s
    unsure_voice = span(41.0, 43.0, probs("anger", 0.45), Source.VOICE, "")
    assert not for_reason(pick_clips(session(160.0, face, unsure_voice)), Trigger.CONFLICT)


def test_three_flips_within_five_seconds_are_asked_about_and_two_are_not() -> None:
    def lane(*emotions: str, step_s: float = 1.0) -> list[TimelineSpan]:
        return [span(60 + step_s * n, 60 + step_s * (n + 1), probs(name, 0.8)) for n, name in enumerate(emotions)]

    assert for_reason(pick_clips(session(160.0, *lane("joy", "anger", "joy", "anger"))), Trigger.FLIPS)
    assert not for_reason(pick_clips(session(160.0, *lane("joy", "anger", "joy"))), Trigger.FLIPS)
    assert not for_reason(pick_clips(session(160.0, *lane("joy", "anger", "joy", "anger", step_s=3.0))), Trigger.FLIPS)


def test_every_question_mark_is_asked_about_even_beside_a_check() -> None:
    clips = pick_clips(session(160.0), marks_s=(30.0, 90.0))
    numbers = {clip.utterance_number for clip in clips}
    assert numbers >= {8, 23}  # the utterances that the second before the marks lies in


def test_a_reading_unlike_the_persons_own_shots_is_asked_about() -> None:
    shots = [
        Shot(np.eye(7, dtype=np.float32)[0], {Modality.FACE: unit}, "a" * 64, "p-1")
        for unit in _near(np.eye(16, dtype=np.float32)[1], 10)
    ]
    rows = (utterance(1, 0.0), utterance(2, 60.0))  # the first lies among the shots, the second at a right angle to them
    (clip,) = [c for c in pick_clips(session(120.0, utterances=rows), shots=shots) if c.utterance_number == 2]
    assert clip.reason in (Trigger.UNFAMILIAR, Trigger.AUDIT_RANDOM)
    few = pick_clips(session(120.0, utterances=rows), shots=shots[:7])
    assert not for_reason(few, Trigger.UNFAMILIAR)


def _near(vector: np.ndarray, num: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    noisy = [vector + 0.05 * rng.standard_normal(len(vector)).astype(np.float32) for _ in range(num)]
    return [(one / np.linalg.norm(one)).astype(np.float32) for one in noisy]


@pytest.mark.parametrize("seed", range(20))
def test_spacing_caps_and_lengths_hold_however_many_moments_there_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    spans = [close(float(at), str(rng.choice(EMOTIONS)), str(rng.choice(["p-1", "p-2"]))) for at in rng.uniform(0, 590, 200)]
    rows = tuple(utterance(n + 1, n * STEP_S, person="p-1" if n % 2 else "p-2") for n in range(150))
    clips = pick_clips(session(600.0, *spans, utterances=rows), seed=seed)
    triggered = [clip.start_s for clip in clips if not clip.reason.startswith("audit")]
    assert 8 <= len(clips) <= NUM_SAVED
    assert sum(clip.is_shown for clip in clips) == NUM_SHOWN
    assert np.diff(sorted(triggered)).min() >= SPACING_S
    assert all(4.0 <= clip.end_s - clip.start_s <= 8.0 and clip.start_s >= 0 and clip.end_s <= 600.0 for clip in clips)
    assert len({clip.utterance_number for clip in clips}) == len(clips)


def test_clips_are_balanced_over_classes_though_one_class_is_nearly_all() -> None:
    rows = tuple(utterance(n + 1, n * STEP_S, "fear" if n in (70, 100) else "joy") for n in range(150))
    spans = [close(at) for at in range(10, 590, 7)]
    clips = pick_clips(session(600.0, *spans, utterances=rows))
    emotions = Counter(next(row.emotion for row in rows if row.number == clip.utterance_number) for clip in clips)
    assert emotions["fear"] == 2


def test_the_random_check_is_drawn_from_everything_with_equal_chances() -> None:
    record = session(40.0)
    drawn = Counter(for_reason(pick_clips(record, seed=seed), Trigger.AUDIT_RANDOM)[0].utterance_number for seed in range(2000))
    assert set(drawn) == set(range(1, 11))
    assert min(drawn.values()) > 150  # 200 expected; 150 is 3.7 standard deviations below


def test_one_clear_cue_of_an_unpleasant_feeling_is_checked() -> None:
    shown = TimelineSpan(48.0, 52.0, "p-1", Source.SHOWN, CueState.CLEAR, "anger")
    maybe = TimelineSpan(88.0, 92.0, "p-1", Source.SHOWN, CueState.MAYBE, "anger")
    (clip,) = for_reason(pick_clips(session(160.0, shown, maybe)), Trigger.AUDIT_NEGATIVE)
    assert clip.utterance_number == 13


def test_nothing_is_kept_of_a_person_who_did_not_agree_nor_with_one_in_the_picture() -> None:
    rows = tuple(utterance(n + 1, n * STEP_S, person="p-1" if n < 20 else "p-2") for n in range(40))
    bystander = span(24.0, 30.0, probs("joy", 0.9), person="p-3")
    record = session(160.0, *[close(at) for at in (10.0, 26.0, 50.0, 120.0)], bystander, utterances=rows)
    for seed in range(30):
        clips = pick_clips(record, marks_s=(130.0,), may_keep=lambda person: person == "p-1", seed=seed)
        assert clips
        assert {clip.person for clip in clips} == {"p-1"}
        assert not [clip for clip in clips if clip.start_s < 30.0 and clip.end_s > 24.0]
    assert pick_clips(record, may_keep=lambda _person: False) == ()


def test_what_nothing_can_be_learned_from_is_not_asked_about() -> None:
    rows = tuple(utterance(n + 1, n * STEP_S, has_key=n >= 20) for n in range(40))
    clips = pick_clips(session(160.0, close(20.0), close(100.0), utterances=rows), marks_s=(40.0,))
    assert clips
    assert all(clip.utterance_number > 20 for clip in clips)


def test_the_same_session_gives_the_same_clips() -> None:
    record = session(600.0, *[close(at) for at in range(10, 590, 7)])
    assert pick_clips(record) == pick_clips(record)


def test_a_session_in_which_nothing_was_read_has_no_clips() -> None:
    assert pick_clips(session(60.0, utterances=()), marks_s=(3.0,)) == ()
