"""The sound of a recording from any moment on, decoded in a process of its own."""

from __future__ import annotations

from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import numpy as np

from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.session.decoder_messages import READY
from emoasst_core.session.decoder_process import Answer, SourceDecoder, Spans, stretches_of
from emoasst_core.session.decoding_limits import ITEM_S, OPEN_S
from emoasst_core.session.playback_source import Source
from emoasst_core.session.sound_format import RATE_HZ, Samples

MORE: Final = "more"
PIECE_S: Final = 0.2  # given at once


class SoundProcess:
    """Like `SourceSound`, decoded elsewhere. Use from one thread; only `end` may come from any."""

    def __init__(self, source: Source) -> None:
        self._decoder = SourceDecoder(_read, source)
        self._is_ready = False

    def samples(self, from_s: float, speed: float = 1.0) -> Iterator[Samples]:
        """See `SourceSound.samples`. Another call ends the one before.

        Raises:
            MediaError: the recording cannot be used, or breaks its decoder.
        """
        if not self._is_ready:
            self._decoder.answer(OPEN_S)
            self._is_ready = True
        self._decoder.ask((from_s, speed))
        while (piece := self._decoder.answer(ITEM_S)) is not None:
            yield piece
            self._decoder.ask(MORE)

    def end(self) -> None:
        """End the process at once; an iteration under way fails."""
        self._decoder.end()

    def close(self) -> None:
        """End the process, and give back what it read."""
        self._decoder.close()


def _read(connection: Connection, answer: Answer, path: Path, spans: Spans) -> None:
    from emoasst_core.session.sound_reader import SourceSound  # brings the decoder in

    sound = SourceSound(stretches_of(connection, answer, spans) or path)
    pieces: Iterator[Samples] = iter(())
    answer(READY)
    while True:
        wanted = connection.recv()
        try:
            if wanted != MORE:
                pieces = sound.samples(*wanted)
            piece = _gathered(pieces)
        except EmoAsstError as error:  # one part of it; the others may be whole
            answer(MediaError(error.message, error.next_step))
        else:
            answer(piece)


def _gathered(pieces: Iterator[Samples]) -> Samples | None:
    """What comes next, `PIECE_S` of it or a little more; None at the end."""
    parts: list[Samples] = []
    num_samples = 0
    for part in pieces:
        parts.append(part)
        num_samples += len(part)
        if num_samples >= PIECE_S * RATE_HZ:
            break
    return np.concatenate(parts) if parts else None
