"""FER+ and CK+ pictures with soft labels over the seven emotions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoasst_core.emotions import NUM_EMOTIONS, emotion_index
from emoasst_core.errors import ManifestError

FERPLUS_TO_EMOTION = {
    "neutral": "neutral",
    "happiness": "joy",
    "surprise": "surprise",
    "sadness": "sadness",
    "anger": "anger",
    "disgust": "disgust",
    "fear": "fear",
}  # contempt, unknown and NF (not a face) have no column of their own
PICTURE_PX = 48  # of FER2013 and, here, of CK+
CLEAR_MAJORITY = 0.5  # more than half of an image's ten votes
# The older single label is noisy: it counts as one vote of ten, but as three for fear and four for disgust, which FER+'s
# voters rarely agreed on (165 and 624 pictures) and other collections show more often.
OLD_LABEL_SHARE = {"fear": 0.3, "disgust": 0.4}
OTHER_OLD_LABEL_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class FaceSet:
    """Pictures of faces with soft labels.

    Attributes:
        images: (n, 48, 48) uint8, grey.
        targets: (n, num_emotions) float32, rows sum to 1.
        weights: (n,) float32, share of the votes that fell on the seven emotions.
        clear: (n,) bool, one of the seven has more than half of all votes.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    clear: NDArray[np.bool_]

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) the emotion with the most votes."""
        return np.asarray(self.targets.argmax(1), np.int64)

    def part(self, rows: NDArray[Any]) -> FaceSet:
        """The chosen rows, by number or by a mask."""
        return FaceSet(self.images[rows], self.targets[rows], self.weights[rows], self.clear[rows])

    def __len__(self) -> int:
        return len(self.images)


def load_ferplus(path: Path, use_old_labels: bool) -> FaceSet:
    """Read one FER+ archive.

    Args:
        path: npz with `images`, `votes`, `vote_names`, `fer2013_label`, `fer2013_label_names`.
        use_old_labels: mix in the older single label as weak help (training only).

    Raises:
        ManifestError: the file is missing or holds something else.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            images, votes = archive["images"], archive["votes"].astype(np.float32)
            names = [str(name) for name in archive["vote_names"]]
            old, old_names = archive["fer2013_label"], [str(name) for name in archive["fer2013_label_names"]]
    except (OSError, KeyError, ValueError) as error:
        raise ManifestError(f"{path} is not a FER+ archive.", "Point --data at the folder that holds faces/.") from error
    seven = np.zeros((len(votes), NUM_EMOTIONS), np.float32)
    for column, name in enumerate(names):
        if name in FERPLUS_TO_EMOTION:
            seven[:, emotion_index(FERPLUS_TO_EMOTION[name])] = votes[:, column]
    shares = seven / votes.sum(1, keepdims=True)
    clear = shares.max(1) > CLEAR_MAJORITY
    if use_old_labels:
        old_columns = np.array([emotion_index(name) for name in old_names])
        rows = np.flatnonzero(old >= 0)
        counts_as = np.array([OLD_LABEL_SHARE.get(name, OTHER_OLD_LABEL_SHARE) for name in old_names], np.float32)
        shares[rows, old_columns[old[rows]]] += counts_as[old[rows]]
    total = shares.sum(1)
    keep = total > 0.3
    shares, total = shares[keep], total[keep]
    return FaceSet(images[keep], shares / total[:, None], np.minimum(total, 1.0), clear[keep])


def load_ckplus(path: Path, held_out: bool) -> FaceSet:
    """Read the CK+ archive, split by subject: every fifth subject is held out."""
    with np.load(path, allow_pickle=False) as archive:
        images, labels = archive["images"], archive["label"]
        names = [str(name) for name in archive["label_names"]]
        subjects = archive["subject"]
    order = {subject: position for position, subject in enumerate(sorted(set(subjects.tolist())))}
    is_held_out = np.array([order[subject] % 5 == 0 for subject in subjects.tolist()])
    chosen = (is_held_out == held_out) & (labels >= 0)
    columns = np.array([emotion_index(name) for name in names])[labels[chosen]]
    targets = np.full((len(columns), NUM_EMOTIONS), 0.15 / (NUM_EMOTIONS - 1), np.float32)
    targets[np.arange(len(columns)), columns] = 0.85  # posed peak frames, but the last three include onsets
    return FaceSet(images[chosen], targets, np.full(len(columns), 0.7, np.float32), np.ones(len(columns), bool))


def join(sets: list[FaceSet]) -> FaceSet:
    """One set after another."""
    return FaceSet(
        np.concatenate([s.images for s in sets]),
        np.concatenate([s.targets for s in sets]),
        np.concatenate([s.weights for s in sets]),
        np.concatenate([s.clear for s in sets]),
    )
