"""The words, drawings and colours of the cues, read from assets/cues.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from emoasst_core.datatypes import Cue, CueState
from emoasst_core.emotions import EMOTIONS
from emoasst_core.errors import ConfigError
from emoasst_core.paths import assets_folder

VOICE_REASON = "voice"  # reason of a cue that was heard, not seen


@dataclass(frozen=True, slots=True)
class Catalogue:
    """How each cue is shown to one audience.

    Attributes:
        emotions, states, reasons: the tables of the file.
        audience: "child" or "adult": whose words are used.
        icons_folder: where the drawings lie.
    """

    emotions: Mapping[str, Mapping[str, Any]]
    states: Mapping[str, Mapping[str, str]]
    reasons: Mapping[str, str]
    icons_folder: Path
    audience: str = "child"

    @classmethod
    def load(cls, path: Path | None = None, audience: str = "child") -> Catalogue:
        """Read a catalogue; None for the one that ships with the program.

        Raises:
            ConfigError: not a catalogue, or one of the emotions, states or drawings is missing; names it.
        """
        path = path or assets_folder() / "cues.toml"
        try:
            tables = tomllib.loads(path.read_text("utf-8"))
            loaded = cls(tables["emotions"], tables["states"], tables["reasons"], path.parent / "icons", audience)
            for name in EMOTIONS:
                loaded.word(name)
            for cue in loaded._every_cue():
                loaded.text(cue), loaded.color(cue, "light"), loaded.color(cue, "dark")
                if not loaded.icon(cue).is_file():
                    raise ConfigError(f"The drawing {loaded.icon(cue)} is missing.", "Install EmoAsst again.")
        except (OSError, tomllib.TOMLDecodeError) as error:
            raise ConfigError(f"Cannot read the cues in {path}: {error}.", "Install EmoAsst again.") from error
        except KeyError as error:
            raise ConfigError(f"The cues in {path} lack {error}.", "Install EmoAsst again.") from error
        return loaded

    def text(self, cue: Cue) -> str:
        """At most three plain words that say what can be seen or heard, or what was in the way.

        >>> Catalogue.load().text(Cue(0.0, CueState.MAYBE, "sadness"))
        'Maybe sad'
        """
        if cue.emotion is None:
            known = self.reasons.get(cue.reason) if cue.state is not CueState.UNSURE else None
            return known or self.states[cue.state.value]["text"]
        words: Mapping[str, str] = self.emotions[cue.emotion][self.audience]
        how = "clear" if cue.state is CueState.CLEAR else "maybe"
        return words[f"voice_{how}" if cue.reason == VOICE_REASON else how]

    def word(self, emotion: str) -> str:
        """The plain name of an emotion, as an answer to choose."""
        return str(self.emotions[emotion]["name"])

    def icon(self, cue: Cue) -> Path:
        """The drawing of a cue: an SVG in `currentColor`."""
        return self.icons_folder / f"{self._look(cue)['icon']}.svg"

    def color(self, cue: Cue, theme: str) -> str:
        """#RRGGBB of a cue in the theme "light" or "dark"."""
        return str(self._look(cue)[theme])

    def _look(self, cue: Cue) -> Mapping[str, Any]:
        return self.emotions[cue.emotion] if cue.emotion is not None else self.states[cue.state.value]

    def _every_cue(self) -> list[Cue]:
        states, reasons = (CueState.CLEAR, CueState.MAYBE), ("", VOICE_REASON)
        named = [Cue(0.0, state, name, reason=why) for name in EMOTIONS for state in states for why in reasons]
        return [*named, *(Cue(0.0, state) for state in (CueState.UNSURE, CueState.CANT_SEE, CueState.CANT_HEAR))]
