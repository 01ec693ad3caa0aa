"""One row's clip, decoded once: evenly spread pictures (face crops or whole frames) and its sound."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_file import MediaFile, load_image
from emoasst_core.datatypes import SAMPLE_RATE_HZ, AudioBlock, Frame
from emoasst_core.errors import ConfigError, MediaError
from emoasst_core.faces.detector import FaceDetector
from emoasst_core.training.manifests.manifest import Manifest, Row

PICTURE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".webp")
Pictures = Literal["face", "frame"]
Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Clip:
    """What could be read of a row.

    Attributes:
        pictures: at most `num_frames` (h, w, 3) uint8 RGB, in time order; empty where nothing (or no face) was seen.
        samples: (n,) 16 kHz sound, or None.
        error: why something that the row lists is missing; "" where all of it was read.
    """

    pictures: tuple[Image, ...]
    samples: NDArray[np.float32] | None
    error: str = ""


class ClipReader:
    """Reads the clips of a manifest.

    Args:
        num_frames: pictures per clip, at even times (EmoAsst: 24). A clip with fewer gives each of them once.
        pictures: "face" cuts out the largest face of each picture, "frame" takes the whole one. A picture of its own (no film)
            may be a crop of a face already and is read as `emoasst eval` reads it.
        max_sound_s: sound beyond this is not read.
        detector: finds the faces; needed for "face".

    Raises:
        ConfigError: face crops are asked for without a detector.
    """

    def __init__(
        self, num_frames: int = 24, pictures: Pictures = "face", max_sound_s: float = 20.0, detector: FaceDetector | None = None
    ) -> None:
        if pictures == "face" and detector is None:
            raise ConfigError("Face crops need a face detector.", "Install one, or train on whole frames.")
        self.num_frames = num_frames
        self.pictures = pictures
        self.max_sound_s = max_sound_s
        self.detector = detector

    @property
    def settings(self) -> dict[str, object]:
        """All that the pictures and the sound depend on; part of the feature store's key."""
        name = self.detector.name if self.detector and self.pictures == "face" else ""
        stills = {"stills": "crops too"} if name else {}
        known = {"num_frames": self.num_frames, "pictures": self.pictures, "max_sound_s": self.max_sound_s, "detector": name}
        return {**known, **stills}

    def read(self, manifest: Manifest, row: Row) -> Clip:
        """Decode one row. A file that cannot be read is an error in the clip, never an exception and never another clip."""
        images: tuple[Image, ...] = ()
        sound: NDArray[np.float32] | None = None
        errors = []
        for relative in dict.fromkeys(path for path in (row.video, row.audio) if path):
            try:
                seen, heard = self._read_file(manifest.media_path(relative), row, relative == row.video)
            except MediaError as error:
                errors.append(str(error))
                continue
            if relative == row.video:
                images = seen
            if relative == (row.audio or row.video):
                sound = heard
        return Clip(images, sound, "; ".join(errors))

    def _read_file(self, path: Path, row: Row, wants_picture: bool) -> tuple[tuple[Image, ...], NDArray[np.float32] | None]:
        if path.suffix.lower() in PICTURE_SUFFIXES:
            return self._views(load_image(path)), None
        media = MediaFile(path)
        end_s = row.end_s if row.end_s is not None else media.info.duration_s
        if row.video and row.audio:  # times are those of the video; a sound file of its own holds just the utterance
            start_s, end_s = (row.start_s, end_s) if wants_picture else (0.0, media.info.duration_s)
        else:
            start_s = row.start_s
        nearest = _NearestFrames(start_s, end_s, self.num_frames)
        blocks: list[NDArray[np.float32]] = []
        sound_end_s = min(end_s, start_s + self.max_sound_s)
        for item in media if wants_picture else media.blocks():
            if isinstance(item, AudioBlock):
                blocks.append(_inside(item, start_s, sound_end_s))
            else:
                nearest.add(item)
            if (item.start_s if isinstance(item, AudioBlock) else item.time_s) > end_s:
                break
        samples = np.concatenate(blocks) if blocks else np.zeros(0, np.float32)
        crops = tuple(crop for image in nearest.images if (crop := self._crop(image)) is not None)
        return crops, samples if len(samples) else None

    def _views(self, picture: Image) -> tuple[Image, ...]:
        if self.pictures == "frame" or self.detector is None:
            return (picture,)
        from emoasst_core.faces.picture_views import picture_views

        return tuple(picture_views(picture, self.detector)[: self.num_frames])

    def _crop(self, image: Image) -> Image | None:
        if self.pictures == "frame" or self.detector is None:
            return image
        from emoasst_core.faces.crop import crop, crop_box

        faces = self.detector.detect(Frame(0.0, image))
        if not faces:
            return None
        largest = max(faces, key=lambda face: face.box.width * face.box.height)
        return crop(image, crop_box(largest, self.detector.name))


class _NearestFrames:
    """Keeps, while frames stream by, those nearest to evenly spread times; each kept frame once."""

    def __init__(self, start_s: float, end_s: float, num_frames: int) -> None:
        step = max(end_s - start_s, 0.0) / num_frames
        self._times = start_s + step * (np.arange(num_frames) + 0.5)
        self._distances = np.full(num_frames, np.inf)
        self._chosen: list[Frame | None] = [None] * num_frames
        self._start_s, self._end_s = start_s, end_s

    def add(self, frame: Frame) -> None:
        distances = np.abs(self._times - frame.time_s)
        if not self._start_s - 0.5 <= frame.time_s <= self._end_s + 0.5:
            return
        for index in np.flatnonzero(distances < self._distances):
            self._distances[index], self._chosen[index] = distances[index], frame

    @property
    def images(self) -> tuple[Image, ...]:
        kept = {frame.time_s: frame.image for frame in self._chosen if frame is not None}
        return tuple(kept[time_s] for time_s in sorted(kept))


def _inside(block: AudioBlock, start_s: float, end_s: float) -> NDArray[np.float32]:
    first = max(0, round((start_s - block.start_s) * SAMPLE_RATE_HZ))
    last = max(0, round((end_s - block.start_s) * SAMPLE_RATE_HZ))
    return block.samples[first:last]
