"""What is spoken on its way to the captions: part by part in a conversation, whole utterances in a recording."""

from __future__ import annotations

from typing import Final

import numpy as np

from emoasst_core.datatypes import Transcript
from emoasst_core.session.captioner import Captioner
from emoasst_core.session.observations import SoundMemory

PART_S: Final = 0.5  # of speech that goes on: the transcription never has more than this to catch up when it ends
MOST_WAITING: Final = 2  # parts; a slow machine gets longer ones


class CaptionFeed:
    """Keeps the transcription as far as the speech is.

    Args:
        captioner: transcribes; None leaves the words out.
        sound: what was heard lately.
        is_live: hand on parts while somebody speaks.
    """

    def __init__(self, captioner: Captioner | None, sound: SoundMemory, is_live: bool) -> None:
        self._captioner, self._sound, self._is_live = captioner, sound, is_live
        self._fed_until_s = -1.0
        self._num_parts = 0
        self._is_open = False

    def go_on(self, time_s: float, speaking_since_s: float | None) -> None:
        """Hand on what was spoken since the last part, if it is enough and the transcription has time for it."""
        if self._captioner is None or not self._is_live or speaking_since_s is None:
            return
        start_s = max(self._fed_until_s, speaking_since_s)
        if time_s - start_s < PART_S or self._captioner.num_waiting >= MOST_WAITING:
            return
        self._num_parts += 1
        begins_s = None if self._is_open else start_s
        self._captioner.read_on(-self._num_parts, self._sound.between(start_s, time_s), begins_s)
        self._is_open, self._fed_until_s = True, time_s

    def end(self, number: int, start_s: float, end_s: float) -> None:
        """An utterance ended: ask for its words."""
        if self._captioner is None:
            return
        if not self._is_live:
            self._captioner.submit(number, self._sound.between(start_s, end_s), start_s)
            return
        from_s = max(self._fed_until_s, start_s)
        rest = self._sound.between(from_s, end_s) if end_s > from_s else np.zeros(0, np.float32)
        self._captioner.read_on(number, rest, None if self._is_open else from_s, end_s)
        self._is_open, self._fed_until_s = False, max(from_s, end_s)

    def collect(self, wait: bool = False) -> list[tuple[int, Transcript]]:
        """Answers that have come, by utterance; below 0 the words so far of what is being spoken."""
        return [] if self._captioner is None else self._captioner.collect(wait)
