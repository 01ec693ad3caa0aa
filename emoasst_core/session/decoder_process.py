"""A process that does nothing but decode one recording, under limits; what a hostile file does to it stays in it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO, Final

from emoasst_core.capture.media_info import require_regular
from emoasst_core.errors import EmoAsstError, MediaError
from emoasst_core.session.decoder_messages import MOST_BYTES, packed, unpacked
from emoasst_core.session.decoding_limits import TOO_LARGE, limit_this_process
from emoasst_core.session.playback_source import Source, Stretch
from emoasst_core.session.process_wall import wall_off_this_process
from emoasst_core.session.processes import DECODER, SpawnContext, begin_process
from emoasst_core.session.served_files import FileServer, PieceWanted, served_stretches

NUM_THREADS: Final[str] = "2"
DEATH_S: Final[float] = 2.0
SEALED_NAME: Final[str] = "This recording"

Answer = Callable[[object], None]  # says one thing; see `decoder_messages`
Spans = Sequence[tuple[float, float]] | None  # start and end of each served file in seconds; None for a plain file
Work = Callable[..., None]  # called there with the connection to listen on, how to answer, the path, and what was given


class DecoderProcess:
    """The process and our end of its pipe.

    Args:
        work: a function of a module, called as `work(connection, answer, path, *arguments)` once the limits are set.
        path: the recording.
        arguments: whatever else `work` needs.
        files: what it may read through us, see `served_files`.
    """

    def __init__(self, work: Work, path: Path, *arguments: object, files: Sequence[Callable[[], BinaryIO]] = ()) -> None:
        self._name = path.name
        self._files = FileServer(files)
        context = SpawnContext()
        self._connection, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, work, path, *arguments), name="emoasst-decoder", daemon=True)
        self._process.start()
        theirs.close()

    def ask(self, message: object) -> None:
        """Say something to it; what is wrong with it is told by the next `answer`."""
        try:
            self._connection.send(message)
        except OSError:
            return

    def answer(self, within_s: float) -> Any:
        """The next thing it says; pieces of files that it needs for it are given on the way.

        Raises:
            MediaError: what is wrong with the recording, in its words or ours.
        """
        until = time.monotonic() + within_s
        while isinstance(answer := self._next(until - time.monotonic()), PieceWanted):
            self.ask(self._files.piece(answer))
        if isinstance(answer, MediaError):
            raise answer
        return answer

    def _next(self, within_s: float) -> Any:
        try:
            if not self._connection.poll(max(0.0, within_s)):
                self.end()
                raise MediaError(
                    f"{self._name} takes too long to read, so its decoder was ended.",
                    "Check that it plays; if it does, export it as MP4, MKV or WAV.",
                )
            return unpacked(self._connection.recv_bytes(MOST_BYTES))
        except (EOFError, OSError) as error:
            raise self._death() from error

    def end(self) -> None:
        """At once, whatever it is doing; from any thread, and more than once if need be."""
        self._process.kill()
        self._process.join()

    def close(self) -> None:
        """End it, and give back the file that it read; from the thread that listens."""
        self.end()
        self._files.close()

    def _death(self) -> MediaError:
        self._process.join(DEATH_S)
        if self._process.exitcode == TOO_LARGE:
            return MediaError(
                f"{self._name} asks for far more memory than a recording needs.", "Do not use it: it may be made to do harm."
            )
        return MediaError(
            f"{self._name} broke its decoder; nothing else was harmed.",
            "Check that it plays; if it does, export it as MP4, MKV or WAV.",
        )


class SourceDecoder(DecoderProcess):
    """A decoder of anything that can be played; an encrypted recording is read through this process.

    Args:
        work: as for `DecoderProcess`; called with `Spans` at the end, see `stretches_of`.
        source: what to play.

    Raises:
        MediaError: it is a pipe or a device.
    """

    def __init__(self, work: Work, source: Source) -> None:
        if isinstance(source, Path):
            require_regular(source)
            super().__init__(work, source, None)
        else:
            spans = tuple((part.start_s, part.end_s) for part in source)
            super().__init__(work, Path(SEALED_NAME), spans, files=[part.open for part in source])


def stretches_of(connection: Connection, answer: Answer, spans: Spans) -> tuple[Stretch, ...] | None:
    """In the decoder's process: the stretches to play, or None where it is a plain file."""
    return None if spans is None else served_stretches(connection, answer, spans)


def _serve(connection: Connection, work: Work, path: Path, *arguments: object) -> None:
    begin_process(DECODER)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[name] = NUM_THREADS
    limit_this_process()
    wall_off_this_process()

    def answer(message: object) -> None:
        connection.send_bytes(packed(message))

    try:
        work(connection, answer, path, *arguments)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return  # nobody wants the rest
    except MemoryError:
        os._exit(TOO_LARGE)
    except EmoAsstError as error:
        answer(MediaError(error.message, error.next_step))
