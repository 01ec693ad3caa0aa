"""The second half of the model process: what was found in pictures is read beside the search for faces in the next ones.

A tower may need longer than pictures are apart; boxes must not wait for it. torch and OpenCV let other threads run meanwhile.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Protocol

from emoasst_core.datatypes import AudioBlock
from emoasst_core.errors import EmoAsstError
from emoasst_core.session.events import SessionEvent

if TYPE_CHECKING:
    from emoasst_core.session.face_watch import LookedAt

MOST_WAITING: Final = 50  # pictures, 5 s of them: then the search waits too, and the window sees that this process is stuck
CRASHED: Final = 70

_log = logging.getLogger(__name__)


class Reader(Protocol):
    """What the thread needs of a pipeline."""

    def feed(self, item: LookedAt | AudioBlock, is_behind: bool = False) -> list[SessionEvent]:
        """Take one thing in; `is_behind` where a later picture waits already."""


class ReadingThread:
    """Feeds a pipeline in the order things came, on a thread of its own.

    Args:
        pipeline: used by nobody else until `close`, but for its `look`.
        answer: called on the thread after each thing with it and what it led to.
        fail: called on the thread with an error; nothing is read after it.
    """

    def __init__(
        self,
        pipeline: Reader,
        answer: Callable[[LookedAt | AudioBlock, tuple[SessionEvent, ...]], None],
        fail: Callable[[EmoAsstError], None],
    ) -> None:
        self._pipeline, self._answer, self._fail = pipeline, answer, fail
        self._waiting: deque[LookedAt | AudioBlock] = deque()
        self._num_pictures = 0  # among those waiting
        self._is_closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="reading", daemon=True)
        self._thread.start()

    def put(self, item: LookedAt | AudioBlock) -> None:
        """Hand something on; waits only where `MOST_WAITING` pictures do, and is ignored after an error or `close`."""
        with self._changed:
            self._changed.wait_for(lambda: self._num_pictures < MOST_WAITING or self._is_closed)
            if self._is_closed:
                return
            self._waiting.append(item)
            self._num_pictures += not isinstance(item, AudioBlock)
            self._changed.notify_all()

    def close(self, discard: bool = False) -> None:
        """Wait until all is read, or with `discard` only until what is being read is."""
        with self._changed:
            self._is_closed = True
            if discard:
                self._waiting.clear()
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _run(self) -> None:
        try:
            while (step := self._next()) is not None:
                item, is_behind = step
                self._answer(item, tuple(self._pipeline.feed(item, is_behind)))
        except EmoAsstError as error:
            with self._changed:
                self._is_closed = True
                self._waiting.clear()
                self._changed.notify_all()
            self._fail(error)
        except (BrokenPipeError, ConnectionResetError):
            _log.debug("the window hung up")
        except Exception:  # as on the main thread: this process ends, and the window starts another
            _log.exception("the reading broke off")
            os._exit(CRASHED)

    def _next(self) -> tuple[LookedAt | AudioBlock, bool] | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._is_closed)
            if not self._waiting:
                return None
            item = self._waiting.popleft()
            is_picture = not isinstance(item, AudioBlock)
            self._num_pictures -= is_picture
            self._changed.notify_all()
            return item, is_picture and self._num_pictures > 0
