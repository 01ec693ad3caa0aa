"""Keeps one camera or microphone going: notices when it stalls, tries it again, and exchanges it for another."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, Protocol, TypeVar

from emoasst_core.errors import DeviceError, EmoAsstError
from emoasst_core.session.events import DeviceChanged, SessionEvent
from emoasst_core.session.transport import Transport

CHECK_S = 0.1
OPENING_S = 6.0  # a camera may take seconds to its first picture
RETRY_S = 1.0

Item = TypeVar("Item")
_log = logging.getLogger(__name__)


class Device(Protocol):
    """A camera or microphone that was opened."""

    def close(self) -> None:
        """Switch it off; from another thread, and possibly twice."""


Items = Callable[[Any], Iterator[Item]]  # what an opened device delivers: its frames, or its blocks


class _Reading(Generic[Item]):
    """One opened device with the thread that waits for it; a driver that never answers blocks this thread alone."""

    def __init__(
        self, kind: str, open_device: Callable[[], Device], items: Items[Item], on_item: Callable[[_Reading[Item], Item], None]
    ) -> None:
        self.failure: EmoAsstError | None = None
        self.last_s = self.opened_s = time.monotonic()
        self.has_delivered = self.is_over = False
        self._open_device, self._items, self._on_item = open_device, items, on_item
        self._device: Device | None = None
        self._is_closed = False
        self._thread = threading.Thread(target=self._run, name=f"{kind}-reading", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Switch the device off; does not wait for a driver that hangs."""
        self._is_closed = True
        if self._device is not None:
            self._device.close()
        self._thread.join(2 * CHECK_S)

    def is_stale(self, stale_s: float) -> bool:
        """Whether nothing has come for too long."""
        limit_s = stale_s if self.has_delivered else OPENING_S
        return not self.is_over and time.monotonic() - self.last_s > limit_s

    def _run(self) -> None:
        try:
            self._device = self._open_device()
            for item in self._items(self._device):
                if self._is_closed:
                    break
                self.last_s, self.has_delivered = time.monotonic(), True
                self._on_item(self, item)
        except EmoAsstError as error:
            self.failure = error
        except Exception as error:  # a driver's own fault must not end the conversation
            _log.exception("a device failed")
            self.failure = DeviceError(f"The device could not be read any further ({error}).", "Check its plug.")
        finally:
            if self._device is not None:
                self._device.close()
            self.is_over = True


class DeviceKeeper(Generic[Item]):
    """Runs in one capture thread until the transport stops.

    Args:
        kind: "camera" or "microphone".
        open_device: opens the device by its stable id.
        items: its frames or blocks.
        take: called with each item, and whether it is the first since the device was opened.
        transport: pauses and stops; the device is off meanwhile.
        tell: told when the device is lost, back or exchanged.
        stale_s: without an item for this long the device counts as lost.
        on_lost, on_gap: called while it is lost, several times a second; and once it is back, with the seconds it was away.
    """

    def __init__(
        self,
        kind: str,
        open_device: Callable[[], Device],
        items: Items[Item],
        take: Callable[[Item, bool], None],
        transport: Transport,
        tell: Callable[[SessionEvent], None],
        stale_s: float,
        on_lost: Callable[[], None] = lambda: None,
        on_gap: Callable[[float], None] = lambda _away_s: None,
    ) -> None:
        self._kind, self._open_device, self._items, self._take = kind, open_device, items, take
        self._transport, self._tell, self._stale_s = transport, tell, stale_s
        self._on_lost, self._on_gap = on_lost, on_gap
        self._lock = threading.Lock()
        self._current: _Reading[Item] | None = None
        self._started: _Reading[Item] | None = None  # whose first item was taken
        self._candidate: tuple[Callable[[], Device], str] | None = None
        self._lost_since_s: float | None = None
        self._has_delivered = self._has_ended = False
        self._last_s = time.monotonic()

    @property
    def age_s(self) -> float:
        """Seconds since the last item."""
        return time.monotonic() - self._last_s

    def switch(self, open_device: Callable[[], Device], name: str) -> None:
        """Exchange the device for another one, soon; if that cannot be opened, the present one goes on."""
        with self._lock:
            self._candidate = (open_device, name)

    def run(self) -> None:
        """Keep the device going until the session stops, or a recording in its place ends.

        Raises:
            DeviceError: it could not be opened in the first place.
        """
        while self._transport.wait_while_paused():
            self._current = _Reading(self._kind, self._open_device, self._items, self._accept)
            try:
                failure = self._watch()
                if failure is not None and self._has_delivered:
                    self._say_lost(failure)
            finally:
                self._current.close()
            if self._has_ended:
                return
            if failure is None:
                continue
            if not self._has_delivered:
                raise failure
            self._wait_to_retry()

    def _watch(self) -> EmoAsstError | None:
        """Wait beside the reading; None at a pause, a stop or the end of a recording, else what is wrong."""
        while not self._transport.wait_for_pause_or_stop(CHECK_S):
            reading = self._current
            assert reading is not None
            if self._candidate is not None:
                self._exchange()
            elif reading.failure is not None:
                return reading.failure
            elif reading.is_over:
                self._has_ended = True
                return None
            elif reading.is_stale(self._stale_s):
                what = "pictures" if self._kind == "camera" else "sound"
                return DeviceError(f"The {self._kind} stopped delivering {what}.", "Check its plug; it is tried again by itself.")
            elif self._lost_since_s is not None:
                self._on_lost()
        return None

    def _accept(self, reading: _Reading[Item], item: Item) -> None:
        with self._lock:
            if reading is not self._current or self._transport.is_paused or self._transport.is_stopped:
                return
            is_first, self._started = self._started is not reading, reading
            self._has_delivered, self._last_s = True, time.monotonic()
            lost_since_s, self._lost_since_s = self._lost_since_s, None
        if lost_since_s is not None:
            self._on_gap(time.monotonic() - lost_since_s)
            self._tell(DeviceChanged(self._kind, "back", f"The {self._kind} is back."))
        self._take(item, is_first)

    def _exchange(self) -> None:
        """Open the candidate beside the present device, and change over at its first item."""
        with self._lock:
            assert self._candidate is not None
            (open_device, name), self._candidate = self._candidate, None
        candidate = _Reading(self._kind, open_device, self._items, self._accept)
        while not (candidate.has_delivered or candidate.is_over or candidate.is_stale(self._stale_s)):
            if self._transport.wait_for_pause_or_stop(CHECK_S):
                break
        if not candidate.has_delivered:
            candidate.close()
            self._say_kept(candidate.failure, name)
            return
        with self._lock:
            old, self._current = self._current, candidate
            self._open_device = open_device
        if old is not None:
            old.close()
        self._tell(DeviceChanged(self._kind, "switched", f"{name} is used now."))

    def _say_kept(self, failure: EmoAsstError | None, name: str) -> None:
        works = self._current is not None and not self._current.is_over and self._lost_since_s is None
        message = failure.message if failure is not None else f"{name} delivers nothing."
        rest = f"The {self._kind} used until now {'goes on' if works else 'is lost too'}."
        state = "kept" if works else "failed"
        self._tell(DeviceChanged(self._kind, state, f"{message} {rest}", "Choose another, or check its plug."))

    def _say_lost(self, failure: EmoAsstError) -> None:
        if self._lost_since_s is None:
            self._lost_since_s = self._last_s
            self._tell(DeviceChanged(self._kind, "lost", failure.message, failure.next_step))

    def _wait_to_retry(self) -> None:
        until_s = time.monotonic() + RETRY_S
        while time.monotonic() < until_s and not self._transport.wait_for_pause_or_stop(CHECK_S):
            self._on_lost()
