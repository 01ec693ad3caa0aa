"""Answered clips in the terms of another model: what was kept of them is read again, and the answers go on to count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame, Modality, Vector
from emoasst_core.errors import EmoAsstError
from emoasst_core.review.relabel import place_of
from emoasst_core.session.kept_media import media_of
from emoasst_core.store.audit import audit_log, note
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session
from emoasst_core.store.shots import ShotRecord, add_shot, hold_back, list_shots, release
from emoasst_core.store.utterances import UtteranceRow
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.windows.frame_sampler import nearest, sample_times

if TYPE_CHECKING:
    from emoasst_core.faces.detector import FaceDetector

ANALYSIS_RATE_HZ: Final = 8.0
READ_AGAIN: Final = "answers read again"
NOTHING_KEPT: Final = "Nothing of it was kept: no recording, or the file has been moved."
Item = Frame | AudioBlock
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reembedded:
    """What came of it: ids of the new shots, and (old shot id, reason) of those that could not be read again."""

    shot_ids: tuple[int, ...]
    left: tuple[tuple[int, str], ...]


def waiting_shots(database: Database, encoder_hash: str, with_given_up: bool = False) -> tuple[ShotRecord, ...]:
    """The answered clips that these encoders have not read yet, one shot of each, the newest model's.

    Args:
        with_given_up: also those that could not be read the last time.
    """
    records = list_shots(database)
    there = {place_of(record) for record in records if record.shot.encoder_hash == encoder_hash}
    given_up = set() if with_given_up else _given_up(database, encoder_hash)
    waiting = {place_of(record): record for record in records if place_of(record) not in there}
    return tuple(record for record in waiting.values() if record.shot.shot_id not in given_up)


def unfinished_shots(database: Database, encoder_hash: str) -> tuple[int, ...]:
    """Shots that were read again by these encoders and do not count yet, since not all have been read."""
    records = list_shots(database)
    held = {place_of(record): record.is_held for record in records if record.shot.encoder_hash != encoder_hash}
    ours = [record for record in records if record.shot.encoder_hash == encoder_hash and record.is_held]
    return tuple(record.shot.shot_id for record in ours if held.get(place_of(record)) is False)


def reembed(
    database: Database,
    recogniser: Recogniser,
    detector: FaceDetector,
    on_progress: Progress = lambda _done, _all: None,
    with_given_up: bool = True,
) -> Reembedded:
    """Make shots for the present model out of those of earlier ones. The old ones stay, for the model may come back.

    New shots are held back until all have been read; then all begin to count at once. It may be ended at any moment: what was
    read stays, and the next call goes on. All new shots are one version of the cache, so that one action takes them back.

    Args:
        recogniser: the model in use.
        detector: finds the faces again.
        on_progress: told how many of how many clips are done.
        with_given_up: try those again, too, that could not be read the last time.

    Raises:
        StoreError: the database cannot be read or written.
    """
    encoder_hash = recogniser.encoder_hash
    waiting = waiting_shots(database, encoder_hash, with_given_up)
    made: list[int] = []
    left: list[tuple[int, str]] = []
    for number, record in enumerate(waiting, 1):
        try:
            keys = _read_again(database, record, recogniser, detector)
        except EmoAsstError as error:
            left.append((record.shot.shot_id, error.message))
        else:
            if keys:
                made.append(_keep(database, record, keys, encoder_hash))
            else:
                left.append((record.shot.shot_id, NOTHING_KEPT))
        on_progress(number, len(waiting))
    with database.writing():
        release(database, unfinished_shots(database, encoder_hash), in_all_versions=True)
        if waiting:
            given_up = {shot_id for shot_id, _ in left} | (set() if with_given_up else _given_up(database, encoder_hash))
            left_text = ",".join(map(str, sorted(given_up)))
            note(database, READ_AGAIN, {"model": encoder_hash, "made": len(made), "left": left_text})
    return Reembedded(tuple(made), tuple(left))


def _given_up(database: Database, encoder_hash: str) -> set[int]:
    """Shots that could not be read by these encoders the last time."""
    for line in reversed(audit_log(database)):
        if line.action == READ_AGAIN and line.detail.get("model") == encoder_hash:
            return {int(text) for text in str(line.detail.get("left", "")).split(",") if text}
    return set()


def _keep(database: Database, record: ShotRecord, keys: Mapping[Modality, Vector], encoder_hash: str) -> int:
    shot = replace(record.shot, keys=keys, encoder_hash=encoder_hash, shot_id=0)
    with database.writing():
        added = add_shot(
            database, shot, *place_of(record), record.labeller, answers=record.answers, told_by=record.told_by,
            sitting=f"reembedded for {encoder_hash[:12]}", change="answers read again for another model",
        )  # fmt: skip
        hold_back(database, [added.shot_id])
    return added.shot_id


def _read_again(database: Database, record: ShotRecord, recogniser: Recogniser, detector: FaceDetector) -> dict[Modality, Vector]:
    """{modality: key} of those that the shot had and that can still be read; words need no recording."""
    session = get_session(database, record.session_id)
    utterance = next(row for row in session.utterances if row.number == record.utterance_number)
    keys: dict[Modality, Vector] = {}
    if Modality.WORDS in record.shot.keys and (words := recogniser.embed_words(utterance.text)) is not None:
        keys[Modality.WORDS] = words
    source = media_of(database, session)
    if source is None:
        return keys
    parts: Sequence[tuple[float, object]] = (
        [(stretch.start_s, stretch.open()) for stretch in source if stretch.start_s < utterance.end_s]
        if isinstance(source, tuple)
        else [(0.0, source)]
    )
    items = [item for start_s, part in parts for item in _between(part, start_s, utterance)]
    if Modality.FACE in record.shot.keys and (face := _face(items, utterance, recogniser, detector)) is not None:
        keys[Modality.FACE] = face
    samples = [item.samples for item in items if isinstance(item, AudioBlock)]
    if Modality.VOICE in record.shot.keys and samples:
        voice = recogniser.embed_voice(np.concatenate(samples))
        keys |= {Modality.VOICE: voice} if voice is not None else {}
    return keys


def _between(part: object, start_s: float, utterance: UtteranceRow) -> Iterator[Item]:
    """Pictures and sound of an utterance in one file, on the clock of the session; sound is cut to the sample."""
    from emoasst_core.capture.media_file import MediaFile  # brings the decoder in: the window asks only what waits

    for item in MediaFile(part, ANALYSIS_RATE_HZ):  # type: ignore[arg-type]
        time_s = start_s + (item.time_s if isinstance(item, Frame) else item.start_s)
        if time_s > utterance.end_s:
            return
        if isinstance(item, Frame):
            if time_s >= utterance.start_s:
                yield replace(item, time_s=time_s)
            continue
        first = max(0, round((utterance.start_s - time_s) * SAMPLE_RATE_HZ))
        last = max(0, round((utterance.end_s - time_s) * SAMPLE_RATE_HZ))
        if len(item.samples[first:last]):
            yield AudioBlock(time_s + first / SAMPLE_RATE_HZ, item.samples[first:last])


def _face(items: Sequence[Item], utterance: UtteranceRow, recogniser: Recogniser, detector: FaceDetector) -> Vector | None:
    """The face that is seen most, as the utterance was read the first time."""
    from emoasst_core.faces.crop import crop, crop_box
    from emoasst_core.faces.tracker import FaceTracker

    tracker = FaceTracker(FaceOptions(analysis_rate_hz=ANALYSIS_RATE_HZ))
    seen: dict[str, list[tuple[float, NDArray[np.uint8]]]] = {}
    for item in items:
        if isinstance(item, Frame):
            for face in tracker.follow(item.time_s, detector.detect(item), item.image):
                picture = crop(item.image, crop_box(face, detector.name))
                seen.setdefault(face.person, []).append((item.time_s, picture))
    if not seen:
        return None
    most = max(seen.values(), key=len)
    embeddings = recogniser.embed_crops([picture for _, picture in most])
    times = sample_times(utterance.start_s, utterance.end_s, recogniser.config.num_frames)
    return recogniser.embed_video(embeddings[nearest(times, np.array([time_s for time_s, _ in most]))])
