"""Pipelines for the model process that take long: for a picture, or to load."""

from __future__ import annotations

import time

from colour_pipeline import ColourPipeline

from emoasst_core.datatypes import Frame

LOAD_S = 1.2  # long enough for a second process to stand by, as it does with real models
_loaded: list[bool] = []
FRAME_S = 1.0  # ten times what there is for a picture at 10 Hz


def open_slow(profile, options, database_path, recording):
    return _Slow(profile, recording)


def open_like_models(profile, options, database_path, recording):
    if not _loaded:
        time.sleep(LOAD_S)
        _loaded.append(True)
    return ColourPipeline(profile, recording)


class _Slow(ColourPipeline):
    def feed(self, item):
        if isinstance(item, Frame):
            time.sleep(FRAME_S)
        return super().feed(item)
