"""Ends a process of models when the one that started it is gone, however that ended."""

from __future__ import annotations

import multiprocessing
import os
import threading


def end_with_parent() -> None:
    """Watch the parent from a thread of its own. Call it first thing in a spawned process."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        os._exit(1)  # nothing is left to answer to, and other threads may be deep inside a model

    threading.Thread(target=watch, name="parent-watch", daemon=True).start()
