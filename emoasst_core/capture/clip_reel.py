"""Clips one after the other as one endless recording with known changes: what `emoasst bench live` plays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_file import MediaFile
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import MediaError

SIZE = 640, 480  # as a webcam delivers
STEADY_RATE_HZ = 30.0
BLOCK_LENGTH = SAMPLE_RATE_HZ // 10
MOST_KEPT_S = 20.0  # a whole clip that is no longer is decoded once; ten minutes of pictures would fill a gigabyte
JPEG_QUALITY = 92  # kept frames are a hundredth of their size, and unpacked one by one as a webcam's are


@dataclass(frozen=True, slots=True)
class Stretch:
    """A clip, or a part of one that is played to and fro.

    Attributes:
        path: the recording.
        emotion: shown from the beginning of the stretch on; None where it is not known.
        part_s: (from, to) of the part; None for the whole clip, with its sound, once.
        lasts_s: how long the part is played.
        changes: (time within the clip, emotion) of a whole clip whose changes are known.
        is_empty: nobody is seen: the face before goes.
    """

    path: Path
    emotion: str | None = None
    part_s: tuple[float, float] | None = None
    lasts_s: float = 0.0
    changes: tuple[tuple[float, str | None], ...] = ()
    is_empty: bool = False


def read_reel(paths: Sequence[Path], folder: Path | None = None) -> list[Stretch]:
    """Clips by name, or a JSON file `{"stretches": [{"clip", "emotion", "from_s", "to_s", "lasts_s", "is_empty"}]}`.

    Args:
        folder: where the clips of such a list lie; None for beside it.

    Raises:
        MediaError: a file is missing or is no such list.
    """
    stretches: list[Stretch] = []
    for path in paths:
        if not path.exists():
            raise MediaError(f"There is no file {path}.", "Check the name and the folder.")
        if path.suffix != ".json":
            stretches.append(Stretch(path, changes=_known_changes(path)))
            continue
        try:
            rows = json.loads(path.read_text("utf-8"))["stretches"]
            stretches += [_stretch(folder or path.parent, row) for row in rows]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise MediaError(f"{path} is no list of clips: {error}.", "See `emoasst bench live --help`.") from error
    return stretches


def _stretch(folder: Path, row: dict[str, Any]) -> Stretch:
    part_s = (float(row["from_s"]), float(row["to_s"])) if "from_s" in row else None
    lasts_s, is_empty = float(row.get("lasts_s", 0.0)), bool(row.get("is_empty"))
    return Stretch(folder / row["clip"], row.get("emotion"), part_s, lasts_s, is_empty=is_empty)


def _known_changes(path: Path) -> tuple[tuple[float, str | None], ...]:
    """Of a clip that has a JSON file with "spans" beside it, as the bundled demo."""
    listing = path.with_suffix(".json")
    if not listing.exists():
        return ()
    spans = json.loads(listing.read_text("utf-8")).get("spans", [])
    return tuple((float(span["start_s"]), span["emotion"]) for span in spans[1:])


class ClipReel:
    """Frames and sound of the stretches in turn, over and over, until `duration_s`.

    Attributes:
        changes: (time, emotion) of every change played so far; None for a face that goes.
    """

    def __init__(self, stretches: Sequence[Stretch], duration_s: float) -> None:
        self.duration_s = duration_s
        self.changes: list[tuple[float, str | None]] = []
        self._stretches = list(stretches)
        self._kept = {number: _kept_frames(one) for number, one in enumerate(self._stretches) if one.part_s}
        self._short = {one.path: _kept_items(one.path) for one in self._stretches if not one.part_s}

    def __iter__(self) -> Iterator[Frame | AudioBlock]:
        """In time order, from 0 on."""
        start_s, number = 0.0, 0
        while start_s < self.duration_s:
            stretch = self._stretches[number % len(self._stretches)]
            if start_s and (stretch.emotion or stretch.is_empty):
                self.changes.append((start_s, stretch.emotion))
            self.changes += [(start_s + time_s, emotion) for time_s, emotion in stretch.changes]
            end_s = start_s
            items = self._to_and_fro(number % len(self._stretches)) if stretch.part_s else self._once(stretch.path)
            for item in items:
                shifted = _shifted(item, start_s)
                end_s = max(end_s, shifted.time_s if isinstance(shifted, Frame) else shifted.end_s)
                if end_s > self.duration_s:
                    return
                yield shifted
            start_s, number = end_s + 1 / STEADY_RATE_HZ, number + 1

    def _to_and_fro(self, number: int) -> Iterator[Frame | AudioBlock]:
        packed = self._kept[number]
        order = [*range(len(packed)), *range(len(packed) - 2, 0, -1)]
        for index in range(round(self._stretches[number].lasts_s * STEADY_RATE_HZ)):
            time_s = index / STEADY_RATE_HZ
            if index % 3 == 0:
                yield AudioBlock(time_s, np.zeros(BLOCK_LENGTH, np.float32))
            yield Frame(time_s, _unpacked(packed[order[index % len(order)]]))

    def _once(self, path: Path) -> Iterator[Frame | AudioBlock]:
        kept = self._short[path]
        if kept is None:
            yield from _whole(path)
            return
        for item in kept:
            yield item if isinstance(item, AudioBlock) else Frame(item[0], _unpacked(item[1]))


def _kept_items(path: Path) -> list[AudioBlock | tuple[float, NDArray[np.uint8]]] | None:
    """A whole clip, its pictures packed; None for one that is too long for that.

    A decoder opened again and again while a session is measured would take and give back more memory than what is measured.
    """
    if MediaFile(path).info.duration_s > MOST_KEPT_S:
        return None
    return [item if isinstance(item, AudioBlock) else (item.time_s, _packed(item.image)) for item in _whole(path)]


def _whole(path: Path) -> Iterator[Frame | AudioBlock]:
    media = MediaFile(path)
    silent_s = 0.0
    for item in media:
        if isinstance(item, Frame):
            while not media.info.has_audio and silent_s <= item.time_s:
                yield AudioBlock(silent_s, np.zeros(BLOCK_LENGTH, np.float32))
                silent_s += BLOCK_LENGTH / SAMPLE_RATE_HZ
            yield Frame(item.time_s, letterboxed(item.image))
        else:
            yield item


def _kept_frames(stretch: Stretch) -> list[NDArray[np.uint8]]:
    assert stretch.part_s is not None
    first_s, last_s = stretch.part_s
    packed = []
    for frame in MediaFile(stretch.path, STEADY_RATE_HZ).frames():
        if frame.time_s > last_s:
            break
        if frame.time_s >= first_s:
            packed.append(_packed(letterboxed(frame.image)))
    if not packed:
        raise MediaError(f"{stretch.path.name} has no picture from {first_s} to {last_s} s.", "Check the list of clips.")
    return packed


def _packed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(h, w, 3) RGB -> the bytes of a JPEG."""
    picture = np.ascontiguousarray(image[..., ::-1])
    return np.asarray(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1], np.uint8)


def _unpacked(packed: NDArray[np.uint8]) -> NDArray[np.uint8]:
    picture = np.asarray(cv2.imdecode(packed, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(picture[..., ::-1])


def letterboxed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of any size -> (480, 640, 3), whole, on black."""
    scale = min(SIZE[0] / image.shape[1], SIZE[1] / image.shape[0])
    width, height = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    left, top = (SIZE[0] - width) // 2, (SIZE[1] - height) // 2
    canvas = np.zeros((SIZE[1], SIZE[0], 3), np.uint8)
    canvas[top : top + height, left : left + width] = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)
    return canvas


def _shifted(item: Frame | AudioBlock, start_s: float) -> Frame | AudioBlock:
    if isinstance(item, Frame):
        return Frame(item.time_s + start_s, item.image)
    return AudioBlock(item.start_s + start_s, item.samples)
