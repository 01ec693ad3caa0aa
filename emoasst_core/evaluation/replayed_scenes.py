"""Short scenes of known expression, decoded, searched for faces and embedded once, and then fed to pipelines many times over.

What is left of a pipeline's work is the part that decides when a cue comes; hundreds of spliced changes take minutes. Every
reading is the model's own of that very picture: only the search around a face followed is done once, and not anew from each
of the neighbouring places where the face may have been before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.clip_reel import STEADY_RATE_HZ, Stretch, letterboxed
from emoasst_core.capture.media_file import MediaFile
from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import Box, Face, Frame
from emoasst_core.errors import MediaError
from emoasst_core.faces.detector import NEAR_GROWTH, NEAR_MARGIN, FaceDetector
from emoasst_core.faces.face_search import SearchesNear
from emoasst_core.session.pipeline import Pipeline
from emoasst_core.session.pipeline_factory import find_detector, load_recogniser, with_model_thresholds
from emoasst_core.systems.recogniser import Recogniser

Picture = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Scene:
    """A stretch of one clip in which one expression is shown.

    Attributes:
        clip: name of the file; scenes of one clip show one person.
        emotion: the expression; None for no face.
        pictures: (480, 640, 3) uint8 RGB each, 30 a second.
    """

    clip: str
    emotion: str | None
    pictures: tuple[Picture, ...]

    def frames(self, start_s: float, lasts_s: float, rate_hz: float, first: int) -> Iterator[Frame]:
        """The scene played to and fro from its picture `first` on, `rate_hz` pictures a second, beginning at `start_s`."""
        order = [*range(len(self.pictures)), *range(len(self.pictures) - 2, 0, -1)]
        for number in range(round(lasts_s * rate_hz)):
            index = first + round(number * STEADY_RATE_HZ / rate_hz)
            yield Frame(start_s + number / rate_hz, self.pictures[order[index % len(order)]])


def load_scene(stretch: Stretch) -> Scene:
    """Decode a stretch that names its part.

    Raises:
        MediaError: the clip cannot be read, or has no picture there.
    """
    first_s, last_s = stretch.part_s or (0.0, float("inf"))
    pictures = []
    for frame in MediaFile(stretch.path, STEADY_RATE_HZ).frames():
        if frame.time_s > last_s:
            break
        if frame.time_s >= first_s:
            pictures.append(letterboxed(frame.image))
    if not pictures:
        raise MediaError(f"{stretch.path.name} has no picture from {first_s} to {last_s} s.", "Check the list of clips.")
    return Scene(stretch.path.name, stretch.emotion, tuple(pictures))


class ReplayedPipelines:
    """Opens pipelines whose detector and face tower remember every picture they have seen.

    Args:
        profile: name or folder of the models.
        options: how to analyse; the model's own cue thresholds are merged in, captions left out.
    """

    def __init__(self, profile: str, options: AnalysisOptions) -> None:
        recogniser = load_recogniser(profile)
        recogniser.use_shots([], options.memory)
        self._profile = profile
        self._recogniser: Any = _RememberingRecogniser(recogniser)
        self._detector = _remembering(find_detector(options))
        self.options = replace(options, cues=with_model_thresholds(options.cues, recogniser), transcribe=False)

    @property
    def encoder_hash(self) -> str:
        """Of the models."""
        return str(self._recogniser.encoder_hash)

    def open(self) -> Pipeline:
        """A fresh session."""
        return Pipeline(self._recogniser, self.options, self._detector, None, "spliced", self._profile)

    def forget(self) -> None:
        """Let go of all pictures, where none of them will come again."""
        self._recogniser.forget()
        self._detector.forget()


class _RememberingDetector:
    """Searches each picture once; pictures are told apart by identity and kept alive by it."""

    def __init__(self, detector: FaceDetector) -> None:
        self.name = detector.name
        self.detector = detector
        self._found: dict[int, tuple[Picture, list[Face]]] = {}

    def detect(self, frame: Frame) -> list[Face]:
        """See `FaceDetector.detect`."""
        key = id(frame.image)
        if key not in self._found:
            self._found[key] = (frame.image, self.detector.detect(frame))
        return [replace(face, time_s=frame.time_s) for face in self._found[key][1]]

    def forget(self) -> None:
        """Let go of all pictures."""
        self._found.clear()


class _RememberingNearDetector(_RememberingDetector):
    """Searches near once a picture, as long as what it found lies where the next search would look."""

    def __init__(self, detector: SearchesNear) -> None:
        super().__init__(detector)
        self._near = detector
        self._found_near: dict[int, tuple[Picture, list[Face]]] = {}

    def detect_near(self, frame: Frame, boxes: list[Box]) -> list[Face]:
        """See `SearchesNear.detect_near`."""
        key = id(frame.image)
        found = self._found_near[key][1] if key in self._found_near else []
        if len(found) != len(boxes) or not all(any(_is_near(box, face.box) for face in found) for box in boxes):
            found = self._near.detect_near(frame, boxes)
            self._found_near[key] = (frame.image, found)
        return [replace(face, time_s=frame.time_s) for face in found]

    def forget(self) -> None:
        """Let go of all pictures."""
        super().forget()
        self._found_near.clear()


def _is_near(box: Box, found: Box) -> bool:
    """Whether the search around a box takes in a face found somewhere."""
    reach_x, reach_y = NEAR_MARGIN * box.width, NEAR_MARGIN * box.height
    is_inside = (
        box.x - reach_x <= found.x
        and found.x + found.width <= box.x + box.width + reach_x
        and box.y - reach_y <= found.y
        and found.y + found.height <= box.y + box.height + reach_y
    )
    return is_inside and box.width / NEAR_GROWTH <= found.width <= box.width * NEAR_GROWTH


def _remembering(detector: FaceDetector) -> _RememberingDetector:
    return _RememberingNearDetector(detector) if isinstance(detector, SearchesNear) else _RememberingDetector(detector)


class _RememberingRecogniser:
    """Embeds each crop and each window of crops once; everything else is the recogniser's own."""

    def __init__(self, recogniser: Recogniser) -> None:
        self.recogniser = recogniser
        self._embedded: dict[bytes, NDArray[np.float32]] = {}
        self._windows: dict[bytes, NDArray[np.float32]] = {}

    def forget(self) -> None:
        """Let go of all embeddings."""
        self._embedded.clear()
        self._windows.clear()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.recogniser, name)

    def embed_crops(self, crops: Sequence[Picture]) -> NDArray[np.float32]:
        """See `Recogniser.embed_crops`."""
        keys = [_key(crop) for crop in crops]
        for key, crop in zip(keys, crops, strict=True):
            if key not in self._embedded:
                self._embedded[key] = self.recogniser.embed_crops([crop])[0]
        return np.stack([self._embedded[key] for key in keys]) if keys else self.recogniser.embed_crops([])

    def embed_video(self, frame_embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
        """See `Recogniser.embed_video`."""
        key = _key(frame_embeddings)
        if key not in self._windows:
            self._windows[key] = self.recogniser.embed_video(frame_embeddings)
        return self._windows[key]


def _key(values: NDArray[Any]) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(values).data, digest_size=16, person=str(values.shape).encode()[:16]).digest()
