"""What model processes need, imported and loaded once: the process that has done so forks the others off (see `model_launch`).

Importing takes some five seconds of processor time, loading the starter one and a half. A forked process finds both done.
"""

from __future__ import annotations

import contextlib
import gc
import os
from importlib import import_module

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # numpy starts its threads when it is imported; no fork then meets one

from emoasst_core.session.model_launch import PROFILE_VARIABLE
from emoasst_core.session.worker_process import share_cores

LIBRARIES = (
    "emoasst_core.session.pipeline_factory",
    "emoasst_core.embedding_classifier",
    "emoasst_core.recogniser",
    "emoasst_core.encoders.vision",
    "emoasst_core.encoders.audio",
    "emoasst_core.encoders.words",
    "emoasst_core.windows.voice_activity",
    "onnxruntime",
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


def load_models(profile: str) -> None:
    """Load them, with one thread: a pool of threads would not come along. What is wrong with them is told as above."""
    from emoasst_core.encoders.threads import use_threads

    use_threads(1)
    with contextlib.suppress(Exception):
        import_module("emoasst_core.session.pipeline_factory").load_recogniser(profile)


import_all()
if profile := os.environ.get(PROFILE_VARIABLE):
    load_models(profile)
gc.collect()
gc.freeze()  # what is there by now stays: no process need ever look through it again, nor copy its pages by doing so
