"""Option groups with units and bounds. Read from TOML, checked field by field, frozen afterwards."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from emoasst_core.errors import ConfigError

MEMORIES = ("personal", "paper")  # personal memories, or the paper's shot cache


def bounded(default: float, low: float, high: float) -> Any:
    """A number field that refuses values outside [low, high]."""
    return field(default=default, metadata={"low": low, "high": high})


@dataclass(frozen=True, slots=True)
class _Options:
    def __post_init__(self) -> None:
        for spec in fields(self):
            value = getattr(self, spec.name)
            low, high = spec.metadata.get("low"), spec.metadata.get("high")
            if low is None or high is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float):
                raise ConfigError(f"{type(self).__name__}.{spec.name} must be a number, got {value!r}.")
            if not low <= value <= high:
                raise ConfigError(f"{type(self).__name__}.{spec.name} = {value} is outside {low} to {high}.")


@dataclass(frozen=True, slots=True)
class FaceOptions(_Options):
    """How faces are looked for.

    Attributes:
        analysis_rate_hz: frames analysed per second; the camera's other frames are only shown.
        detection_width_px: pictures are shrunk to this width before detection.
        min_face_px: smaller faces (in the full picture) are not read.
        max_faces: at most this many people are followed, largest faces first.
        lost_after_s: a person unseen for this long is gone; a later face gets a new id unless it is in the same place.
    """

    analysis_rate_hz: float = bounded(10.0, 1.0, 30.0)
    detection_width_px: int = bounded(480, 160, 1920)
    min_face_px: int = bounded(40, 16, 1000)
    max_faces: int = bounded(4, 1, 16)
    lost_after_s: float = bounded(2.0, 0.2, 30.0)


@dataclass(frozen=True, slots=True)
class WindowOptions(_Options):
    """How time is cut into utterances and windows.

    Attributes:
        num_frames: face frames per utterance or window (EmoAsst: 24).
        window_s: a face is read over this long, or since its expression changed.
        hop_s: longest step between two readings where no picture comes; otherwise every analysed picture is read.
        speech_threshold: VAD probability above which a chunk is speech.
        min_speech_s: shorter bursts are no utterance.
        min_silence_s: a pause this long ends an utterance.
        max_utterance_s: longer speech is cut at its quietest chunk.
    """

    num_frames: int = bounded(24, 1, 128)
    window_s: float = bounded(0.8, 0.2, 10.0)
    hop_s: float = bounded(0.2, 0.1, 5.0)
    speech_threshold: float = bounded(0.5, 0.05, 0.95)
    min_speech_s: float = bounded(0.3, 0.1, 2.0)
    min_silence_s: float = bounded(0.4, 0.1, 2.0)
    max_utterance_s: float = bounded(8.0, 1.0, 30.0)


@dataclass(frozen=True, slots=True)
class CueOptions(_Options):
    """When a cue is shown. Defaults are those of the standard child profile; `calm()` is the other.

    Attributes:
        clear_prob, clear_margin: CLEAR needs both. negative_prob applies to anger, disgust and fear, joy_prob to joy.
        maybe_prob, maybe_margin: MAYBE needs both.
        vote_s: CLEAR needs the majority of the readings of this long, failed ones counted.
        hold_s: ... and must have held for this long.
        min_shown_s, max_shown_s: how long a cue stays; max is without new evidence.
        min_gap_s, max_per_minute: change rate.
        stale_s: evidence older than this is never shown.
        lost_s: "no face" is said this long after the last face.
        smoothing_s: time constant of the exponential average over readings.
        conflict_prob: face and voice contradict each other if both are this sure of different emotions.
    """

    clear_prob: float = bounded(0.70, 0.3, 1.0)
    clear_margin: float = bounded(0.25, 0.0, 1.0)
    negative_prob: float = bounded(0.80, 0.3, 1.0)
    joy_prob: float = bounded(0.60, 0.3, 1.0)
    maybe_prob: float = bounded(0.50, 0.2, 1.0)
    maybe_margin: float = bounded(0.10, 0.0, 1.0)
    vote_s: float = bounded(1.2, 0.2, 5.0)
    hold_s: float = bounded(0.6, 0.0, 5.0)
    min_shown_s: float = bounded(2.0, 0.5, 5.0)
    max_shown_s: float = bounded(7.0, 2.0, 30.0)
    min_gap_s: float = bounded(3.0, 0.5, 120.0)
    max_per_minute: int = bounded(6, 1, 10)
    stale_s: float = bounded(3.0, 0.5, 10.0)
    lost_s: float = bounded(1.0, 0.2, 5.0)
    smoothing_s: float = bounded(0.5, 0.0, 5.0)
    conflict_prob: float = bounded(0.5, 0.3, 1.0)

    @classmethod
    def calm(cls) -> CueOptions:
        """At most one change in 20 seconds."""
        return cls().calmer()

    def calmer(self) -> CueOptions:
        """These options, at the pace of the calm profile."""
        return replace(self, min_gap_s=max(20.0, self.min_gap_s), max_per_minute=min(3, self.max_per_minute))


@dataclass(frozen=True, slots=True)
class AnalysisOptions:
    """Everything `emoasst analyze` and the live session can be told."""

    faces: FaceOptions = field(default_factory=FaceOptions)
    windows: WindowOptions = field(default_factory=WindowOptions)
    cues: CueOptions = field(default_factory=CueOptions)
    transcribe: bool = True
    partial_captions: bool = False  # words while somebody still speaks; for what runs in real time
    memory: str = ""  # how the family's shots are used, "personal" or "paper"; "" for what the model's profile says


def read_options(path: Path) -> AnalysisOptions:
    """Read a TOML file with the tables [faces], [windows], [cues].

    Raises:
        ConfigError: not TOML, an unknown table or field, or a value out of bounds; names the field.
    """
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise ConfigError(f"Cannot read the settings in {path}: {reason}.", "Check its name and that you may read it.") from error
    except ValueError as error:  # no TOML, or no UTF-8
        raise ConfigError(f"Cannot read the settings in {path}: {error}.", "Write it as TOML in UTF-8.") from error
    return options_from(tables)


def options_from(tables: Mapping[str, Any]) -> AnalysisOptions:
    """Build the options from parsed tables; missing fields keep their defaults."""
    groups: dict[str, Any] = {"faces": FaceOptions, "windows": WindowOptions, "cues": CueOptions}
    built: dict[str, Any] = {}
    for name, table in tables.items():
        if name == "transcribe":
            if not isinstance(table, bool):
                raise ConfigError(f"transcribe must be true or false, got {table!r}.")
            built[name] = table
            continue
        if name == "memory":
            if table not in MEMORIES:
                raise ConfigError(f"memory must be one of {', '.join(MEMORIES)}, got {table!r}.")
            built[name] = table
            continue
        if name not in groups:
            raise ConfigError(f"Unknown settings table [{name}].", f"Known: {', '.join(groups)}.")
        if not isinstance(table, Mapping):
            raise ConfigError(f"[{name}] must be a table of settings, got {table!r}.")
        known = {spec.name for spec in fields(groups[name])}
        for key in table:
            if key not in known:
                raise ConfigError(f"Unknown setting {name}.{key}.", f"Known: {', '.join(sorted(known))}.")
        built[name] = groups[name](**table)
    return AnalysisOptions(**built)
