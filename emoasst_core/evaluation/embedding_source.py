"""From a manifest row to the embeddings of one modality: pictures, sound and video alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emoasst_core.capture.media_file import MediaFile, load_image, load_sound, probe
from emoasst_core.config import FaceOptions
from emoasst_core.datatypes import Frame, Modality, Vector
from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.faces.crop import crop, crop_box
from emoasst_core.faces.detector import FaceDetector
from emoasst_core.faces.picture_views import central_square, picture_views
from emoasst_core.faces.tracker import FaceTracker
from emoasst_core.systems.recogniser import Recogniser
from emoasst_core.windows.frame_sampler import nearest, sample_times

IMAGE_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".pgm", ".ppm"}
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
        """The crops that one picture is read from; one without a face, of any size, is read as a whole."""
        return picture_views(image, self.detector) or [central_square(image)]

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
