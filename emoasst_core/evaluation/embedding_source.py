"""From a manifest row to the embeddings of one modality: pictures, sound and video alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_file import MediaFile, load_image, load_sound, probe
from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Box, Frame, Modality, Vector
from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.detector import FaceDetector
from emoasst_core.faces.tracker import FaceTracker
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.windows.frame_sampler import nearest, sample_times

IMAGE_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
TINY_PX = 64  # a picture this small is a face crop already; no detector works below
# A crop that covers this much of the picture: the picture is a crop itself and is read as a whole too. On 250 FER+ faces both
# together are 1 to 2 points better than the tracker's crop on tight crops, 3 points worse on crops 1.3 times as wide.
TIGHT_SHARE = 0.85
SMALL_PX = 400  # pictures up to this size may be crops of a face
MARGIN_SHARE = 0.5  # with it OpenCV's cascade finds 70 % instead of 50 % of tight crops, and at the right size (400 FER+ faces)
MARGIN_GREY = 128
# (degrees, enlargement) of the looks at a picture: OpenCV's cascade finds 71 % of 150 FER+ faces in a scene at the first and
# 84 % at all of them, 30 % and 78 % of faces tilted by 10 to 25 degrees
LOOKS = ((0, 1.0), (0, 1.1), (15, 1.0), (-15, 1.0), (25, 1.0), (-25, 1.0))
SURE_SCORE = 0.8  # what a second look at a large picture must be sure of
ANALYSIS_RATE_HZ = 8.0


@dataclass(frozen=True, slots=True)
class Clip:
    """One row to embed; `end_s` None means to the end, `context` is what was said before, oldest first."""

    path: Path
    text: str = ""
    start_s: float = 0.0
    end_s: float | None = None
    context: tuple[str, ...] = ()


class EmbeddingSource:
    """Embeds clips the way the live pipeline does.

    Args:
        recogniser: the models.
        detector: finds faces in pictures that are not crops already.
    """

    def __init__(self, recogniser: Recogniser, detector: FaceDetector) -> None:
        self.recogniser, self.detector = recogniser, detector

    def embed(self, clip: Clip, modalities: tuple[Modality, ...]) -> dict[Modality, Vector]:
        """{modality: (embed_dim,)} of what is present in the clip.

        Raises:
            MediaError: the file cannot be read at all.
        """
        result: dict[Modality, Vector] = {}
        is_image = clip.path.suffix.lower() in IMAGE_ENDINGS
        for modality in modalities:
            embedding: Vector | None = None
            if modality is Modality.FACE:
                embedding = self.embed_picture(load_image(clip.path)) if is_image else self._embed_frames(clip)
            elif modality is Modality.VOICE and not is_image:
                embedding = self._embed_sound(clip)
            elif modality is Modality.WORDS:
                embedding = self.recogniser.embed_words(clip.text, clip.context)
            if embedding is not None:
                result[modality] = embedding
        return result

    def embed_picture(self, image: NDArray[np.uint8]) -> Vector:
        """(h, w, 3) uint8 -> (embed_dim,), over all `views` and their mirror images: one picture leaves time for both."""
        views = self.views(image)
        mirrored = [np.ascontiguousarray(view[:, ::-1]) for view in views]
        embeddings = self.recogniser.embed_crops(views + mirrored)
        rows = np.arange(self.recogniser.config.num_frames) % len(embeddings)
        return self.recogniser.embed_video(embeddings[rows])

    def views(self, image: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
        """The crops that one picture is read from: the tracker's crop, the whole picture if it is a crop already, or both."""
        whole = _central_square(image)
        if min(image.shape[:2]) <= TINY_PX:
            return [whole]
        found = self._find_face(image)
        if found is None:
            return [whole]
        seen, box = found
        tracked = crop(seen, box)
        was_hard = seen is not image and max(image.shape[:2]) <= SMALL_PX
        return [tracked, whole] if was_hard or len(tracked) >= TIGHT_SHARE * len(whole) else [tracked]

    def _find_face(self, image: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], Box] | None:
        """The largest face of a picture, looked for again enlarged and turned where there is none at first.

        A film shows a face many times, a single picture does not; it leaves time for a second look.

        Returns:
            The picture, turned upright where that was needed, and the box to cut from it.
        """
        is_small = max(image.shape[:2]) <= SMALL_PX
        for angle, scale in LOOKS:
            turned = image if (angle, scale) == LOOKS[0] else _turned(image, angle, scale)
            faces = self.detector.detect(Frame(0.0, _framed(turned) if is_small else turned))
            if not is_small and (angle, scale) != LOOKS[0]:
                faces = [face for face in faces if face.score >= SURE_SCORE]
            if faces:
                box = crop_box(max(faces, key=lambda found: found.box.width), self.detector.name)
                margin = _margin(turned) if is_small else 0
                return turned, replace(box, x=box.x - margin, y=box.y - margin)
        return None

    def _embed_frames(self, clip: Clip) -> Vector | None:
        if not probe(clip.path).has_video:
            return None
        seen = self._follow(clip)
        if not seen:
            return None
        person = max(seen, key=lambda name: len(seen[name]))
        times = np.array([time_s for time_s, _ in seen[person]])
        embeddings = self.recogniser.embed_crops([picture for _, picture in seen[person]])
        end_s = clip.end_s if clip.end_s is not None else float(times[-1])
        rows = nearest(sample_times(clip.start_s, end_s, self.recogniser.config.num_frames), times)
        return self.recogniser.embed_video(embeddings[rows])

    def _follow(self, clip: Clip) -> Mapping[str, list[tuple[float, NDArray[np.uint8]]]]:
        tracker = FaceTracker(FaceOptions(analysis_rate_hz=ANALYSIS_RATE_HZ))
        seen: dict[str, list[tuple[float, NDArray[np.uint8]]]] = {}
        for item in MediaFile(clip.path, ANALYSIS_RATE_HZ):
            if not isinstance(item, Frame) or item.time_s < clip.start_s:
                continue
            if clip.end_s is not None and item.time_s > clip.end_s:
                break
            for face in tracker.follow(item.time_s, self.detector.detect(item), item.image):
                seen.setdefault(face.person, []).append((item.time_s, crop(item.image, crop_box(face, self.detector.name))))
        return seen

    def _embed_sound(self, clip: Clip) -> Vector | None:
        if not probe(clip.path).has_audio:
            return None
        return self.recogniser.embed_voice(load_sound(clip.path, clip.start_s, clip.end_s))


def try_embed(source: EmbeddingSource, clip: Clip, modalities: tuple[Modality, ...]) -> tuple[dict[Modality, Vector], str]:
    """Embed a clip, or say why it cannot be: an unreadable clip is a counted error row, never dropped."""
    try:
        return source.embed(clip, modalities), ""
    except (MediaError, OSError) as error:
        return {}, str(error)
    except EmoAsstError as error:
        return {}, error.message


def _central_square(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    side = min(height, width)
    return crop(image, Box((width - side) / 2, (height - side) / 2, side, side))


def _margin(image: NDArray[np.uint8]) -> int:
    longer: int = max(image.shape[:2])
    return round(MARGIN_SHARE * longer)


def _framed(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """With a grey margin: detectors miss, or cut too small, a face that fills its picture."""
    margin = _margin(image)
    return np.pad(image, ((margin, margin), (margin, margin), (0, 0)), constant_values=MARGIN_GREY)


def _turned(image: NDArray[np.uint8], angle: float, scale: float) -> NDArray[np.uint8]:
    height, width = round(image.shape[0] * scale), round(image.shape[1] * scale)
    large = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR) if scale != 1 else image
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(large, turn, (width, height), borderMode=cv2.BORDER_REPLICATE), np.uint8)
