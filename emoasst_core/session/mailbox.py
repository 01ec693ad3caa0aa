"""Where the capture threads leave frames and sound until the model process can take them."""

from __future__ import annotations

import threading
from collections import deque

from emoasst_core.datatypes import AudioBlock, Frame

MAX_SOUND_S = 30.0  # a restarted worker that needs this long to load its models still misses no word
MAX_FRAMES_IN_FLIGHT = 1  # the newest picture is worth more than a queue of old ones
MAX_BLOCKS_IN_FLIGHT = 4  # 0.4 s of sound keeps the pipe busy without hiding a slow worker


class Mailbox:
    """One place for the newest frame and a bounded queue of contiguous sound; every loss is counted.

    Args:
        lossless: make the capture side wait instead of replacing frames (a recording analysed faster than real time).
        waits_for_sound: make the capture side wait when the sound queue is full (a recording); else the oldest is given up.
    """

    def __init__(self, lossless: bool = False, waits_for_sound: bool = True) -> None:
        self.frames_offered = 0
        self.frames_dropped = 0
        self.sound_blocks = 0
        self.sound_waits = 0
        self.sound_lost = 0
        self.sound_lost_s = 0.0
        self._lossless = lossless
        self._waits_for_sound = waits_for_sound
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._sound: deque[AudioBlock] = deque()
        self._sound_s = 0.0
        self._frames_out = 0
        self._blocks_out: deque[AudioBlock] = deque()  # sent, not yet answered for
        self._resent_until_s = -1.0
        self._is_closed = self._is_discarded = False

    def offer_frame(self, frame: Frame) -> None:
        """Leave the newest frame; one that nobody took yet is replaced and counted as dropped."""
        with self._changed:
            while self._lossless and self._frame is not None and not self._is_closed:
                self._changed.wait()
            if self._is_closed:
                return
            self.frames_offered += 1
            if self._frame is not None:
                self.frames_dropped += 1
            self._frame = frame
            self._changed.notify_all()

    def offer_sound(self, block: AudioBlock) -> None:
        """Leave the next block of sound; waits, or gives up the oldest block, when `MAX_SOUND_S` are waiting already."""
        duration_s = block.end_s - block.start_s
        with self._changed:
            if self._sound_s + duration_s > MAX_SOUND_S:
                self.sound_waits += 1
                while self._waits_for_sound and self._sound and self._sound_s + duration_s > MAX_SOUND_S and not self._is_closed:
                    self._changed.wait()
            if self._is_closed:
                return
            while self._sound and self._sound_s + duration_s > MAX_SOUND_S:
                self._forget_oldest_sound()
            self._sound.append(block)
            self._sound_s += duration_s
            self.sound_blocks += 1
            self._changed.notify_all()

    def take(self, timeout_s: float) -> Frame | AudioBlock | None:
        """The earliest thing that may be sent now, or None when there is none within `timeout_s`."""
        with self._changed:
            self._changed.wait_for(self._has_something, timeout_s)
            block = self._sound[0] if self._sound and len(self._blocks_out) < MAX_BLOCKS_IN_FLIGHT else None
            frame = self._frame if self._frames_out < MAX_FRAMES_IN_FLIGHT else None
            if frame is not None and (not self._sound or frame.time_s < self._sound[0].start_s):
                self._frame, self._frames_out = None, self._frames_out + 1
                self._changed.notify_all()
                return frame
            if block is not None:
                self._sound.popleft()
                self._sound_s -= block.end_s - block.start_s
                self._blocks_out.append(block)
                self._changed.notify_all()
            return block

    def handled(self, is_sound: bool) -> None:
        """The worker is done with one thing, so another may be sent."""
        with self._changed:
            if is_sound:
                if self._blocks_out:
                    self._blocks_out.popleft()
            else:
                self._frames_out = max(0, self._frames_out - 1)
            self._changed.notify_all()

    def not_sent(self, item: Frame | AudioBlock) -> None:
        """What was taken last never left: a block of sound waits again, a frame is counted as dropped."""
        with self._changed:
            if isinstance(item, Frame):
                self.frames_dropped += self._frames_out
                self._frames_out = 0
            elif self._blocks_out and self._blocks_out[-1] is item:  # else it waits again already
                self._blocks_out.pop()
                self._sound.appendleft(item)
                self._sound_s += item.end_s - item.start_s
            self._changed.notify_all()

    def worker_lost(self) -> None:
        """The worker died: the frame it held is counted as dropped, the sound is sent again to the next one.

        Sound that was lost twice is given up and counted: it may be what the worker died of.
        """
        with self._changed:
            self.frames_dropped += self._frames_out
            self._frames_out = 0
            for block in reversed(self._blocks_out):
                if self._is_discarded or block.end_s <= self._resent_until_s:
                    self._count_lost(block)
                else:
                    self._sound.appendleft(block)
                    self._sound_s += block.end_s - block.start_s
            if self._blocks_out:
                self._resent_until_s = max(self._resent_until_s, self._blocks_out[-1].end_s)
            self._blocks_out.clear()
            self._changed.notify_all()

    def close(self, discard: bool = False) -> None:
        """Nothing more will be left here; what is here may still be taken unless `discard`."""
        with self._changed:
            self._is_closed = True
            if discard:
                self._is_discarded = True
                self._frame = None
                self._sound.clear()
            self._changed.notify_all()

    @property
    def sound_waiting(self) -> int:
        """Blocks that the model process has not answered for yet."""
        with self._changed:
            return len(self._sound) + len(self._blocks_out)

    @property
    def is_done(self) -> bool:
        """Closed, and everything was taken and handled."""
        with self._changed:
            is_empty = self._frame is None and not self._sound
            return self._is_closed and is_empty and not self._frames_out and not self._blocks_out

    def _has_something(self) -> bool:
        block_ready = bool(self._sound) and len(self._blocks_out) < MAX_BLOCKS_IN_FLIGHT
        frame_ready = self._frame is not None and self._frames_out < MAX_FRAMES_IN_FLIGHT
        if frame_ready and self._sound and self._frame is not None and self._frame.time_s >= self._sound[0].start_s:
            return block_ready
        return frame_ready or block_ready

    def _forget_oldest_sound(self) -> None:
        oldest = self._sound.popleft()
        self._sound_s -= oldest.end_s - oldest.start_s
        self._count_lost(oldest)

    def _count_lost(self, block: AudioBlock) -> None:
        self.sound_lost += 1
        self.sound_lost_s += block.end_s - block.start_s
