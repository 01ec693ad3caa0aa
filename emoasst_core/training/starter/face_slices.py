"""The held-out faces as other cameras and other collections would show them, each change measured by itself.

Every picture goes the way of a picture given to `emoasst eval`: looked for by the detector, cut out, read. All changes are
drawn with one seed, so that a slice is the same at every measurement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from emoasst_core.datatypes import Modality
from emoasst_core.encoders.model_registry import ModelRegistry
from emoasst_core.errors import ModelError
from emoasst_core.evaluation.bootstrap import bootstrap_intervals
from emoasst_core.evaluation.embedding_source import EmbeddingSource
from emoasst_core.evaluation.metrics import accuracy, unweighted_average_recall
from emoasst_core.faces.detector import YuNetDetector
from emoasst_core.paths import models_folder
from emoasst_core.recogniser import Recogniser
from emoasst_core.training.starter.face_data import FaceSet

Picture = NDArray[np.uint8]
Change = Callable[[Picture, np.random.Generator], Picture]
NUM_PICTURES: Final = 600  # drawn from the clear majority; all of fear and disgust are added, of which there are few
SEED: Final = 5
AS_THEY_ARE: Final = "as they are, 48 pixels"
IN_COLOUR: Final = "colour, 96-200 pixels, JPEG"
IN_A_SCENE: Final = "in a scene of 640 by 480"


def draw_pictures(valid: FaceSet, rare: tuple[int, ...]) -> NDArray[np.int64]:
    """Rows of the held-out set that the slices are measured on."""
    clear = np.flatnonzero(valid.clear)
    drawn = np.random.default_rng(SEED).permutation(clear)[:NUM_PICTURES]
    return np.union1d(drawn, clear[np.isin(valid.labels[clear], rare)])


def measure_slices(
    source: EmbeddingSource, faces: FaceSet, names: tuple[str, ...] = (), advance: Callable[[], None] = lambda: None
) -> dict[str, dict[str, Any]]:
    """Accuracy and UAR of every slice, each with n and a 95 % interval.

    Args:
        source: reads a picture as `emoasst eval` does.
        faces: the pictures; all of them are read in every slice.
        names: slices to measure; all if empty.
        advance: called after each slice.
    """
    result = {}
    for name in names or tuple(SLICES):
        rng = np.random.default_rng(SEED)
        predictions = np.array([_read(source, SLICES[name](image, rng)) for image in faces.images])
        result[name] = slice_figures(faces.labels, predictions)
        advance()
    return result


def scene_with_yunet(recogniser: Recogniser, faces: FaceSet) -> dict[str, Any]:
    """The slice `IN_A_SCENE` with YuNet as the detector.

    Returns:
        Its figures, or {"skipped": why} where YuNet is not installed.
    """
    entry = ModelRegistry().entry("yunet")
    try:
        detector = YuNetDetector(models_folder() / entry.name / entry.files[0].name)
    except ModelError as error:
        return {"skipped": f"not measured: {error}"}
    return measure_slices(EmbeddingSource(recogniser, detector), faces, (IN_A_SCENE,))[IN_A_SCENE]


def slice_figures(labels: NDArray[np.int64], predictions: NDArray[np.int64]) -> dict[str, Any]:
    """n, accuracy and UAR, with intervals by bootstrap over pictures."""
    groups = [str(row) for row in range(len(labels))]
    return {
        "n": len(labels),
        "accuracy": round(accuracy(labels, predictions), 4),
        "uar": round(unweighted_average_recall(labels, predictions), 4),
        "interval_95": bootstrap_intervals(labels, predictions, groups),
    }


def _read(source: EmbeddingSource, picture: Picture) -> int:
    embedding = source.embed_picture(picture)
    return int(source.recogniser.classify({Modality.FACE: embedding}).argmax())


def _plain(image: Picture, _rng: np.random.Generator) -> Picture:
    return np.repeat(image[:, :, None], 3, 2)


def in_colour(image: Picture, rng: np.random.Generator) -> Picture:
    """Enlarged to 96 to 200 pixels, in the tones of skin and lamp light, as a JPEG."""
    side = int(rng.integers(96, 201))
    large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC).astype(np.float32) / 255
    gammas = np.array([rng.uniform(0.65, 0.9), rng.uniform(0.9, 1.1), rng.uniform(1.1, 1.5)])
    gains = rng.uniform(0.8, 1.0, 3)
    coloured = (large[:, :, None] ** gammas * gains * 255).clip(0, 255).astype(np.uint8)
    return _as_jpeg(coloured, int(rng.integers(40, 91)))


def _as_jpeg(picture: Picture, quality: int) -> Picture:
    _, buffer = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(buffer, cv2.IMREAD_COLOR), np.uint8)


def _tilted(image: Picture, rng: np.random.Generator) -> Picture:
    picture = in_colour(image, rng)
    side = len(picture)
    angle = float(rng.choice([-1, 1]) * rng.uniform(10, 25))
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), angle, 1.0)
    return np.asarray(cv2.warpAffine(picture, turn, (side, side), borderMode=cv2.BORDER_REFLECT), np.uint8)


def _blurred(image: Picture, rng: np.random.Generator) -> Picture:
    picture = in_colour(image, rng)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), len(picture) * rng.uniform(0.015, 0.025)), np.uint8)


def _dark(image: Picture, rng: np.random.Generator) -> Picture:
    picture = in_colour(image, rng).astype(np.float32) * rng.uniform(0.25, 0.45)
    return (picture + rng.normal(0, 4, picture.shape)).clip(0, 255).astype(np.uint8)


def _side_light(image: Picture, rng: np.random.Generator) -> Picture:
    picture = in_colour(image, rng).astype(np.float32)
    ramp = np.linspace(0.3, 1.3, len(picture))[:: int(rng.choice([-1, 1]))]
    return (picture * ramp[None, :, None]).clip(0, 255).astype(np.uint8)


def _loose(image: Picture, rng: np.random.Generator) -> Picture:
    """A crop 1.3 times as wide: around the face lies a soft mirror image of what is there."""
    picture = in_colour(image, rng)
    edge = round(0.15 * len(picture))
    soft = cv2.GaussianBlur(cv2.copyMakeBorder(picture, edge, edge, edge, edge, cv2.BORDER_REFLECT), (0, 0), edge / 4)
    soft[edge:-edge, edge:-edge] = picture
    return np.asarray(soft, np.uint8)


def _tight(image: Picture, rng: np.random.Generator) -> Picture:
    picture = in_colour(image, rng)
    edge = round(0.1 * len(picture))
    return np.ascontiguousarray(picture[edge:-edge, edge:-edge])


def _small(image: Picture, rng: np.random.Generator) -> Picture:
    side = int(rng.integers(24, 33))
    return _plain(np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA), np.uint8), rng)


def _in_a_scene(image: Picture, rng: np.random.Generator) -> Picture:
    """Somewhere in a picture of 640 by 480, as a camera sees a person."""
    face = in_colour(image, rng)
    coarse = rng.integers(0, 256, (6, 8, 3)).astype(np.uint8)
    scene = np.asarray(cv2.resize(coarse, (640, 480), interpolation=cv2.INTER_CUBIC), np.uint8)
    top, left = int(rng.integers(0, 480 - len(face))), int(rng.integers(0, 640 - len(face)))
    scene[top : top + len(face), left : left + len(face)] = face
    return scene


SLICES: Final[dict[str, Change]] = {
    AS_THEY_ARE: _plain,
    IN_COLOUR: in_colour,
    "tilted by 10-25 degrees": _tilted,
    "blurred": _blurred,
    "dark and noisy": _dark,
    "light from one side": _side_light,
    "loose crop": _loose,
    "tight crop": _tight,
    "24-32 pixels": _small,
    IN_A_SCENE: _in_a_scene,
}
