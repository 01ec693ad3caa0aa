from __future__ import annotations

import numpy as np

from emoasst_core.datatypes import Modality, Shot
from emoasst_core.embedding_classifier import EmbeddingClassifier
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS
from emoasst_core.review.clip_answers import keep_answer
from emoasst_core.review.doubtful_clips import doubtful_clips, spoken_for
from emoasst_core.review.relabel import relabel
from emoasst_core.store.clips import Clip, ClipAnswer, Clips
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import delete_session
from emoasst_core.store.shots import list_shots


def labels(database: Database) -> list[str]:
    return [EMOTIONS[int(record.shot.label.argmax())] for record in list_shots(database)]


def test_an_answer_given_on_the_timeline_is_asked_about_like_a_clip_and_undo_brings_it_back(database: Database) -> None:
    shot = relabel(database, "evening", 1, "joy", "Anna")
    (found,) = doubtful_clips(database, {shot.shot_id: "sadness"})
    assert (found.said.labeller, found.said.answer, found.others) == ("Anna", "joy", "sadness")
    assert {"joy", "sadness"} <= set(found.question.likeliest)
    assert Clips(database).pending("evening") == ()  # nobody else is asked about it
    clip = found.question.clip
    keep_answer(database, clip, "Anna", ClipAnswer(clip.clip_id, "Anna", "sadness"))
    assert labels(database) == ["sadness"]
    keep_answer(database, clip, "Anna", found.said)
    assert labels(database) == ["joy"]


def test_what_every_adult_said_of_a_clip_is_there_and_only_these_clips_are(database: Database) -> None:
    one, two = Clips(database).add([Clip("evening", n, 0.5, 5.0, "", "close") for n in (1, 2)])
    keep_answer(database, one, "Anna", ClipAnswer(one.clip_id, "Anna", "joy"))
    keep_answer(database, one, "Ben", ClipAnswer(one.clip_id, "Ben", "fear"))
    keep_answer(database, two, "Anna", ClipAnswer(two.clip_id, "Anna", "joy"))
    wanted = next(record.shot.shot_id for record in list_shots(database) if record.utterance_number == 1)
    (found,) = doubtful_clips(database, {wanted: "neutral"})
    assert found.question.clip == one
    assert {(answer.labeller, answer.answer) for answer in found.question.answers} == {("Anna", "joy"), ("Ben", "fear")}


def test_a_clip_whose_session_is_gone_is_left_out(database: Database) -> None:
    shot = relabel(database, "evening", 1, "joy", "Anna")
    delete_session(database, "evening")
    assert doubtful_clips(database, {shot.shot_id: "sadness"}) == ()


def test_the_others_speak_for_what_a_wrong_answer_really_was() -> None:
    rng = np.random.default_rng(2)
    classifier = EmbeddingClassifier.open("starter")
    source = classifier.memory_model.readers[Modality.VOICE].source
    truth = np.repeat(np.arange(NUM_EMOTIONS), 6)
    given = truth.copy()
    wrong = [3, 17, 30]
    given[wrong] = (truth[wrong] + 3) % NUM_EMOTIONS
    keys = source.exemplars[truth, rng.integers(0, source.exemplars.shape[1], len(truth))]
    shots = [
        Shot(np.eye(NUM_EMOTIONS, dtype=np.float32)[label], {Modality.VOICE: key.astype(np.float32)}, classifier.encoder_hash,
             shot_id=row + 1)
        for row, (label, key) in enumerate(zip(given, keys, strict=True))
    ]  # fmt: skip
    classifier.use_shots(shots, "personal")
    found = spoken_for(classifier)
    assert set(found) == set(classifier.doubtful_shots()) >= {row + 1 for row in wrong}
    assert [found[row + 1] for row in wrong] == [EMOTIONS[label] for label in truth[wrong]]
    assert len(found) <= 6
