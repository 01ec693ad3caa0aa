"""What model processes need, imported once: the process that has done so forks the others off (see `model_launch`).

Importing is by far the longest part of a start: some five seconds of processor time against one for the models.
"""

from __future__ import annotations

import contextlib
import os
from importlib import import_module

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts its threads when it is imported; no fork then meets one

from emoasst_core.session.worker_process import share_cores

LIBRARIES = (
    "emoasst_core.session.pipeline_factory",
    "emoasst_core.embedding_classifier",
    "emoasst_core.recogniser",
    "emoasst_core.encoders.vision",
    "emoasst_core.encoders.audio",
    "emoasst_core.encoders.words",
    "timm",
    "cv2",
)


def import_all() -> None:
    """Import them; a library that is missing or broken is told by the process that needs it."""
    share_cores()
    for name in LIBRARIES:
        with contextlib.suppress(Exception):
            import_module(name)
    with contextlib.suppress(Exception):
        import_module("emoasst_core.encoders.open_clip_network").import_open_clip()


import_all()
