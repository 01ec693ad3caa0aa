"""A bounded hand-over between the thread that captures and the one that uses: the oldest item gives way, and is counted."""

from __future__ import annotations

from collections import deque
from threading import Condition
from typing import Generic, TypeVar

Item = TypeVar("Item")


class RingBuffer(Generic[Item]):
    """First in, first out, for at most `capacity` items.

    >>> ring = RingBuffer[int](capacity=2)
    >>> for number in (1, 2, 3):
    ...     ring.put(number)
    >>> ring.get(timeout_s=0), ring.num_dropped
    (2, 1)

    Args:
        capacity: 1 keeps only the latest item.
    """

    def __init__(self, capacity: int) -> None:
        self._items: deque[Item] = deque(maxlen=capacity)
        self._changed = Condition()
        self._closed = False
        self._num_dropped = 0

    @property
    def num_dropped(self) -> int:
        """How many items gave way unread."""
        return self._num_dropped

    @property
    def is_closed(self) -> bool:
        """True once `close` was called; what is still inside can be got."""
        return self._closed

    def __len__(self) -> int:
        """Items waiting."""
        return len(self._items)

    def put(self, item: Item) -> None:
        """Add an item at once, never waiting; ignored after `close`."""
        with self._changed:
            if self._closed:
                return
            self._num_dropped += len(self._items) == self._items.maxlen
            self._items.append(item)
            self._changed.notify()

    def get(self, timeout_s: float | None = None) -> Item | None:
        """Take the oldest item; None if none came in time, or the buffer is closed and empty."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._closed, timeout_s)
            return self._items.popleft() if self._items else None

    def close(self) -> None:
        """Let waiting readers go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
