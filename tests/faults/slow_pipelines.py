"""Pipelines for the model process that are too slow."""

from __future__ import annotations

import time

from colour_pipeline import ColourPipeline

from emoasst_core.datatypes import Frame

FRAME_S = 1.0  # ten times what there is for a picture at 10 Hz


def open_slow(profile, options, database_path, recording):
    return _Slow(profile, recording)


class _Slow(ColourPipeline):
    def feed(self, item):
        if isinstance(item, Frame):
            time.sleep(FRAME_S)
        return super().feed(item)
