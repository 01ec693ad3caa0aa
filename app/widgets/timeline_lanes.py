"""The rows of each lane as arrays, so that a timeline of any length is painted in the time of its width.

Where rows are narrower than a few pixels, each column of pixels shows what lasted longest in it; nothing is skipped over.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage

from app.item_models.timeline_model import Lane, LaneRow
from app.theme import Theme
from emoasst_core.datatypes import CueState
from emoasst_core.emotions import EMOTIONS, NUM_EMOTIONS

CLEAR, MAYBE = 0, NUM_EMOTIONS  # codes of a lane's kinds: clear emotions, maybe emotions, then these
UNSURE, ABSENT, EMPTY, WORD = (2 * NUM_EMOTIONS + place for place in range(4))
NOTHING = -1
KIND_STARTS = (CLEAR, MAYBE, UNSURE, ABSENT, WORD)
EDGE_PX = 3  # of the outline that means maybe
HATCH_PX, HATCH_LINE_PX = 7, 2
MOST_BINS = 1 << 16  # of the grid: half a row each at 36,000 rows
LEAST_ROW_PX = 6.0  # rows narrower than this on average are painted by columns

Times = NDArray[np.float64]


def code_of(row: LaneRow) -> int:
    """What a row shows, as a number."""
    if row.lane is Lane.WORDS:
        return WORD
    if row.emotion is not None:
        return EMOTIONS.index(row.emotion) + (CLEAR if row.state is CueState.CLEAR else MAYBE)
    if row.state is CueState.UNSURE:
        return UNSURE
    return EMPTY if row.state is None else ABSENT


class LaneBand:
    """The rows of one lane, by start.

    Attributes:
        rows: as they were given, sorted.
        starts, ends: (num_rows,) seconds.
        codes: (num_rows,) what each shows.
    """

    def __init__(self, rows: Sequence[LaneRow]) -> None:
        self.rows = sorted(rows, key=lambda row: row.start_s)
        self.starts: Times = np.array([row.start_s for row in self.rows])
        self.ends: Times = np.array([row.end_s for row in self.rows])
        self.codes: NDArray[np.int64] = np.array([code_of(row) for row in self.rows], np.int64)
        self._reached: Times = np.maximum.accumulate(self.ends) if self.rows else self.ends
        self._lasted: _Lasted | None = None

    def between(self, first_s: float, last_s: float) -> tuple[int, int]:
        """Places [first, last) of the rows that may reach into a stretch."""
        return int(np.searchsorted(self._reached, first_s, "right")), int(np.searchsorted(self.starts, last_s, "left"))

    def columns(self, edges_s: Times) -> NDArray[np.int64]:
        """(n + 1,) edges in seconds -> (n,) code of what lasted longest between two edges, `NOTHING` where nothing was."""
        if not self.rows:
            return np.full(len(edges_s) - 1, NOTHING, np.int64)
        if self._lasted is None:
            self._lasted = _Lasted(self)
        return self._lasted.longest(edges_s)

    def next_after(self, place: int, time_s: float) -> int:
        """The first row at or after `place` that starts at `time_s` or later."""
        return max(place, int(np.searchsorted(self.starts, time_s, "left")))


class _Lasted:
    """How long each code had been shown up to a moment, on a fine grid: a column of pixels is then a difference.

    Args:
        band: the rows; overlapping ones are both counted.
    """

    def __init__(self, band: LaneBand) -> None:
        self._codes, which = np.unique(band.codes, return_inverse=True)
        num_bins = int(min(MOST_BINS, max(64, 4 * len(band.rows))))
        self._first_s, last_s = float(band.starts[0]), float(band.ends.max())
        self._bin_s = max(1e-9, (last_s - self._first_s) / num_bins)
        grid_s = np.asarray(self._first_s + self._bin_s * np.arange(num_bins + 1), np.float64)
        self._sums = np.stack(
            [_shown_until(grid_s, band.starts[which == k], band.ends[which == k]) for k in range(len(self._codes))]
        )

    def longest(self, edges_s: Times) -> NDArray[np.int64]:
        """The code that lasted longest between each two edges."""
        at = np.clip((edges_s - self._first_s) / self._bin_s, 0, self._sums.shape[1] - 1)
        before = np.minimum(at.astype(np.int64), self._sums.shape[1] - 2)
        until = self._sums[:, before] + (self._sums[:, before + 1] - self._sums[:, before]) * (at - before)
        lasted = np.diff(until, axis=1)
        best = lasted.argmax(axis=0)
        return np.where(lasted[best, np.arange(lasted.shape[1])] > 1e-9, self._codes[best], NOTHING)


def _shown_until(times_s: Times, starts: Times, ends: Times) -> Times:
    """Seconds shown up to each moment: the sum of min(t, end) - start over the rows begun."""
    starts, ends = np.sort(starts), np.sort(ends)
    begun, over = np.searchsorted(starts, times_s), np.searchsorted(ends, times_s)
    start_sums, end_sums = (np.concatenate([[0.0], np.cumsum(one)]) for one in (starts, ends))
    return np.asarray((begun - over) * times_s - start_sums[begun] + end_sums[over])


def column_picture(codes: NDArray[np.int64], height_px: int, theme: Theme) -> QImage:
    """(n,) codes -> a picture of one lane, n pixels wide: filled is clear, outlined maybe, hatched unsure, dotted unread."""
    lane, ink, word = (_packed(color) for color in (theme.lane, theme.ink_soft, theme.ink))
    emotions = [_packed(theme.emotions[name]) for name in EMOTIONS]
    colors = np.array([*emotions, *emotions, ink, ink, ink, word, lane], np.uint32)[codes]  # (n,); NOTHING takes the last
    y, x = np.arange(height_px, dtype=np.int16)[:, None], np.arange(len(codes), dtype=np.int16)[None, :]
    kinds = np.searchsorted(KIND_STARTS, codes, "right")  # 0 nothing, 1 clear, 2 maybe, 3 unsure, 4 unread, 5 word
    masks = np.zeros((6, height_px, len(codes)), bool)
    is_middle = abs(y - height_px // 2) <= 1
    masks[1] = True
    masks[2] = (y < EDGE_PX) | (y >= height_px - EDGE_PX)
    masks[3] = (x + y) % HATCH_PX < HATCH_LINE_PX
    masks[4] = is_middle & (x % 4 < 2)
    masks[5] = is_middle
    shown = masks[kinds, :, np.arange(len(codes))].T
    picture = np.where(shown, colors[None], lane)
    image = QImage(picture.tobytes(), len(codes), height_px, 4 * len(codes), QImage.Format.Format_RGB32)
    return image.copy()  # the bytes belong to this call


def _packed(color: str) -> np.uint32:
    return np.uint32(QColor(color).rgb())
