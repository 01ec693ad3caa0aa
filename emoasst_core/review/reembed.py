"""Answered clips in the terms of another model: what was kept of them is read again, and the answers go on to count."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame, Modality, Vector
from emoasst_core.errors import EmoAsstError
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.detector import FaceDetector
from emoasst_core.faces.tracker import FaceTracker
from emoasst_core.session.kept_media import media_of
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import get_session
from emoasst_core.store.shots import ShotRecord, add_shot, list_shots
from emoasst_core.store.utterances import UtteranceRow
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.windows.frame_sampler import nearest, sample_times

ANALYSIS_RATE_HZ: Final = 8.0
Item = Frame | AudioBlock
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Reembedded:
    """What came of it: ids of the new shots, and (old shot id, reason) of those that could not be read again."""

    shot_ids: tuple[int, ...]
    left: tuple[tuple[int, str], ...]


def reembed(
    database: Database, recogniser: Recogniser, detector: FaceDetector, on_progress: Progress = lambda _done, _all: None
) -> Reembedded:
    """Make shots for the present model out of those of earlier ones. The old ones stay, for the model may come back.

    All new shots are one version of the cache, so that one action takes them back.

    Args:
        recogniser: the model in use.
        detector: finds the faces again.
        on_progress: told how many of how many clips are done.

    Raises:
        StoreError: the database cannot be read or written.
    """
    records = list_shots(database)
    there = {_place(record) for record in records if record.shot.encoder_hash == recogniser.encoder_hash}
    waiting = {_place(record): record for record in records if _place(record) not in there}
    made: list[int] = []
    left: list[tuple[int, str]] = []
    sitting = f"reembedded for {recogniser.encoder_hash[:12]}"
    for number, record in enumerate(waiting.values(), 1):
        try:
            keys = _read_again(database, record, recogniser, detector)
        except EmoAsstError as error:
            left.append((record.shot.shot_id, error.message))
        else:
            if keys:
                made.append(_keep(database, record, keys, recogniser.encoder_hash, sitting))
            else:
                left.append((record.shot.shot_id, "Nothing of it was kept: no recording, or the file has been moved."))
        on_progress(number, len(waiting))
    return Reembedded(tuple(made), tuple(left))


def _place(record: ShotRecord) -> tuple[str, int]:
    return record.session_id, record.utterance_number


def _keep(database: Database, record: ShotRecord, keys: Mapping[Modality, Vector], encoder_hash: str, sitting: str) -> int:
    shot = replace(record.shot, keys=keys, encoder_hash=encoder_hash, shot_id=0)
    added = add_shot(
        database, shot, *_place(record), record.labeller, answers=record.answers, told_by=record.told_by, sitting=sitting
    )
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
