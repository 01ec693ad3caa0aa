"""What is spoken on its way to the captions: part by part in a conversation, whole utterances in a recording."""

from __future__ import annotations

from typing import Final

import numpy as np

from emoasst_core.datatypes import Transcript
from emoasst_core.session.captioner import Captioner
from emoasst_core.session.observations import SoundMemory

PART_S: Final = 0.5  # of speech that goes on
PAUSE_S: Final = 0.2  # of silence: it may be the end, and is read as one; half of what makes it one


class CaptionFeed:
    """Keeps the transcription as far as the speech is.

    Never more than one part is under way: nothing stands in line before the end of an utterance, and a slow machine gets
    longer parts.

    Args:
        captioner: transcribes; None leaves the words out.
        sound: what was heard lately.
        is_live: hand on parts while somebody speaks.
    """

    def __init__(self, captioner: Captioner | None, sound: SoundMemory, is_live: bool) -> None:
        self._captioner, self._sound, self._is_live = captioner, sound, is_live
        self._fed_until_s = -1.0
        self._num_parts = 0
        self._is_open = self._is_paused = False

    @property
    def is_on(self) -> bool:
        """Whether utterances get words at all."""
        return self._captioner is not None

    def prepare(self) -> None:
        """There is sound: words may be asked for soon."""
        if self._captioner is not None:
            self._captioner.prepare()

    def go_on(self, time_s: float, speaking_since_s: float | None, silent_s: float = 0.0) -> None:
        """Hand on what was spoken since the last part, if it is enough and the transcription has time for it.

        Args:
            speaking_since_s: start of the utterance that is not over, or None.
            silent_s: how long nobody has spoken within it.
        """
        if self._captioner is None or not self._is_live or speaking_since_s is None:
            return
        is_pause = silent_s >= PAUSE_S
        if not is_pause:
            self._is_paused = False
        heard_s = min(time_s, self._sound.end_s)  # a picture may be ahead of the sound
        start_s = max(self._fed_until_s, speaking_since_s)
        is_due = not self._is_paused if is_pause else heard_s - start_s >= PART_S
        if not is_due or heard_s <= start_s or self._captioner.num_waiting:
            return
        self._num_parts += 1
        begins_s = None if self._is_open else start_s
        self._captioner.read_on(-self._num_parts, self._sound.between(start_s, heard_s), begins_s, is_pause)
        self._is_open, self._is_paused, self._fed_until_s = True, is_pause, heard_s

    def end(self, number: int, start_s: float, end_s: float) -> None:
        """An utterance ended: ask for its words."""
        if self._captioner is None:
            return
        if not self._is_live:
            self._captioner.submit(number, self._sound.between(start_s, end_s), start_s)
            return
        from_s = max(self._fed_until_s, start_s)
        rest = self._sound.between(from_s, end_s) if end_s > from_s else np.zeros(0, np.float32)
        self._captioner.read_end(number, rest, None if self._is_open else from_s, end_s)
        self._is_open, self._is_paused, self._fed_until_s = False, False, max(from_s, end_s)

    def collect(self, wait: bool = False) -> list[tuple[int, Transcript]]:
        """Answers that have come, by utterance; below 0 the words so far of what is being spoken."""
        return [] if self._captioner is None else self._captioner.collect(wait)
