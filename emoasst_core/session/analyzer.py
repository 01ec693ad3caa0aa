"""A recording analysed as fast as the machine can, through the very pipeline that runs live."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from emoasst_core.config import AnalysisOptions
from emoasst_core.datatypes import AudioBlock
from emoasst_core.session.events import ProgressMade, SessionEvent
from emoasst_core.session.media_process import MediaProcess
from emoasst_core.session.pipeline import Pipeline
from emoasst_core.session.pipeline_factory import open_pipeline
from emoasst_core.store.sessions import SessionRecord


class Analyzer:
    """Analyses one recording.

    Args:
        path: the recording; opening it checks that it can be used, before any model is loaded.
        profile: name or folder of the models.
        database_path: where the family's shots are read from.
        options: rates, windows and cue rules.

    Raises:
        MediaError: the recording is missing, damaged or holds neither picture nor sound.
    """

    def __init__(self, path: Path, profile: str, database_path: Path | None, options: AnalysisOptions) -> None:
        self.media = MediaProcess(path, options.faces.analysis_rate_hz)
        self._profile, self._database_path, self._options = profile, database_path, options
        self.pipeline: Pipeline | None = None

    def run(self, on_event: Callable[[SessionEvent], None] = lambda _event: None) -> SessionRecord:
        """Analyse the whole recording.

        Args:
            on_event: called with every event, progress in recording time among them.

        Returns:
            The session, not yet saved anywhere.

        Raises:
            MediaError: nothing of the recording could be decoded.
        """
        name = Path(self.media.source_id).name
        pipeline = open_pipeline(self._profile, self._options, self._database_path, name)
        self.pipeline = pipeline
        total_s = self.media.info.duration_s
        items = iter(self.media)
        while True:
            with pipeline.stages.measure("decoding"):
                item = next(items, None)
            if item is None:
                break
            for event in pipeline.feed(item):
                if not isinstance(event, ProgressMade):
                    on_event(event)
            on_event(ProgressMade(item.end_s if isinstance(item, AudioBlock) else item.time_s, total_s))
        for event in pipeline.finish():
            on_event(event)
        return pipeline.record()
