"""What a person has chosen for this window, kept in a plain file beside their sessions."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from app.background import Background
from app.choices_file import ChoicesFile
from emoasst_core import paths
from emoasst_core.config import AnalysisOptions, CueOptions
from emoasst_core.errors import EmoAsstError

TEXT_SCALES = (1.0, 1.25, 1.5, 2.0)
KEEP_DAYS = (1, 7, 30, 90, 365)
LOCK_MINUTES = (1, 5, 15, 60)
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Choices:
    """The choices and their defaults.

    Attributes:
        theme: "system", "light" or "dark".
        text_scale: 1.0 to 2.0.
        reduce_motion: nothing fades or slides.
        calm_cues: at most one change of cue in 20 seconds.
        captions: write down what is said.
        last_folder: where a recording was opened last.
        place: where the program is used, a key of `set_up_plan.PLACES`; "" until somebody said.
        camera_id, microphone_id: the devices used last; "" for none or no wish.
        child_screen: name of the screen that carries the calm view for the child; "" for no such view.
        cue_sound: a soft tone with a new cue.
        keeps_practice_scores: an adult wants the scores of practice rounds kept.
        lock_after_min: minutes without a key or the mouse until the adult's part is locked, where a PIN is set.
        clip_days, video_days: how long clips that nobody answered and recordings are kept.
    """

    theme: str = "system"
    text_scale: float = 1.0
    reduce_motion: bool = True
    calm_cues: bool = False
    captions: bool = True
    last_folder: str = ""
    place: str = ""
    camera_id: str = ""
    microphone_id: str = ""
    child_screen: str = ""
    cue_sound: bool = False
    lock_after_min: int = 5
    clip_days: int = 7
    video_days: int = 30
    keeps_practice_scores: bool = False

    @property
    def options(self) -> AnalysisOptions:
        """What these choices mean for the analysis."""
        return AnalysisOptions(cues=CueOptions.calm() if self.calm_cues else CueOptions(), transcribe=self.captions)


class Preferences(QObject):
    """Reads the choices, keeps changes at once and tells of them.

    Args:
        path: None for the usual place.
        background: where the file is written; None to write it at once.
    """

    changed = Signal(object)

    def __init__(self, path: Path | None = None, background: Background | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._file = ChoicesFile(path or paths.home() / "preferences.ini")
        self._background = background
        self._is_saving = False
        self.choices = self._read()
        if self._file.has_note:  # the program was ended before the last change was in the file
            self._file.note(asdict(self.choices))
            self._save()

    def change(self, **changes: Any) -> None:
        """Keep one or more new choices."""
        self.choices = replace(self.choices, **changes)
        self._file.note(asdict(self.choices))
        self._save()
        self.changed.emit(self.choices)

    def _save(self) -> None:
        """Write the file on the other thread; changes that come meanwhile are written together, after that."""
        if self._background is None:
            self._file.save(asdict(self.choices))
        elif not self._is_saving:
            self._is_saving = True
            self._background.run(self._write, self._saved, self._not_saved)

    def _write(self) -> Choices:
        choices = self.choices
        self._file.save(asdict(choices))
        return choices

    def _saved(self, written: Choices) -> None:
        self._is_saving = False
        if written != self.choices:
            self._save()

    def _not_saved(self, error: EmoAsstError) -> None:
        self._is_saving = False
        _log.warning("choices could not be saved: %s", error)

    def _read(self) -> Choices:
        defaults = Choices()
        values = self._file.read(asdict(defaults))
        if values["text_scale"] not in TEXT_SCALES:
            values["text_scale"] = defaults.text_scale
        if values["theme"] not in ("system", "light", "dark"):
            values["theme"] = defaults.theme
        if values["lock_after_min"] not in LOCK_MINUTES:
            values["lock_after_min"] = defaults.lock_after_min
        for name in ("clip_days", "video_days"):
            if values[name] not in KEEP_DAYS:
                values[name] = getattr(defaults, name)
        return Choices(**values)
