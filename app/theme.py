"""Colours, sizes and the style sheet: the only place that decides how things look.

The palettes are low-arousal: no pure white, no yellow, no saturated red. Every pair that carries meaning keeps its contrast
(text 4.5:1, cue word 7:1, icons and outlines 3:1), which the tests compute from these tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from string import Template
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from emoasst_core.paths import assets_folder

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget

BODY_PX = 16
LEAD_PX = 18
BODY_LINE_PX = 19  # height of a line of body text
TITLE_PX = 28
CUE_PX = 44
TARGET_PX = 44  # the least height of what is clicked


@dataclass(frozen=True, slots=True)
class Theme:
    """Tokens of one theme, as #RRGGBB.

    Attributes:
        page, surface, sunken: backgrounds: of the window, of cards and buttons, of wells such as the picture's.
        lane: background of the timeline, on which emotion colours stand; they stand on `page` else.
        ink, ink_soft: text; `ink_soft` for what is said beside it.
        outline: edges of what can be clicked. line: edges that only divide.
        accent, accent_ink: the one main button of a page, and selection; and text on it.
        focus: the ring around what has the keyboard.
        emotions: one colour per emotion, told apart under three colour blindnesses.
    """

    name: str
    page: str
    surface: str
    sunken: str
    lane: str
    ink: str
    ink_soft: str
    outline: str
    line: str
    accent: str
    accent_ink: str
    focus: str
    emotions: Mapping[str, str]


LIGHT = Theme(
    name="light",
    page="#F4EFE6",
    surface="#FAF6EE",
    sunken="#E9E2D4",
    lane="#FAF6EE",
    ink="#1F2933",
    ink_soft="#4B555E",
    outline="#7E7A70",
    line="#D8CFBF",
    accent="#2C5D70",
    accent_ink="#F8F4EB",
    focus="#2C5D70",
    emotions={
        "neutral": "#878887",
        "joy": "#A67F37",
        "sadness": "#198CCF",
        "anger": "#903E45",
        "fear": "#43185C",
        "surprise": "#006975",
        "disgust": "#1C3300",
    },
)
DARK = Theme(
    name="dark",
    page="#23272B",
    surface="#2B3035",
    sunken="#1B1E21",
    lane="#1B1E21",
    ink="#E8E4DC",
    ink_soft="#B7B6B1",
    outline="#868B8F",
    line="#3B4147",
    accent="#9CC3D2",
    accent_ink="#1A2226",
    focus="#9CC3D2",
    emotions={
        "neutral": "#737273",
        "joy": "#8B6E21",
        "sadness": "#177AA8",
        "anger": "#CA9587",
        "fear": "#C19FFB",
        "surprise": "#65EEE1",
        "disgust": "#C8E88C",
    },
)
THEMES = {theme.name: theme for theme in (LIGHT, DARK)}
TEXT_ON_COLOUR = ("#0E1418", "#FDFCF8")


@runtime_checkable
class Themed(Protocol):
    """A widget that paints itself and so must be told the theme."""

    def set_theme(self, theme: Theme) -> None:
        """Paint with this theme from now on."""


def luminance(color: str) -> float:
    """Relative luminance of #RRGGBB (WCAG 2.2)."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: str, second: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2).

    >>> round(contrast("#000000", "#FFFFFF"), 1)
    21.0
    """
    lighter, darker = sorted((luminance(first), luminance(second)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def text_on(color: str) -> str:
    """The better readable text colour on a coloured ground."""
    return max(TEXT_ON_COLOUR, key=lambda text: contrast(text, color))


def style_sheet(theme: Theme, text_scale: float = 1.0) -> str:
    """The style sheet of the whole window; sizes grow with `text_scale`."""
    sizes = {"body": BODY_PX, "lead": LEAD_PX, "title": TITLE_PX, "cue": CUE_PX}
    tokens = {name: getattr(theme, name) for name in Theme.__slots__ if name not in ("name", "emotions")}
    tokens |= {name: f"{round(size * text_scale)}px" for name, size in sizes.items()}
    tokens["target"] = f"{round(TARGET_PX * max(1.0, 0.8 * text_scale))}px"
    return Template((assets_folder() / "style.qss").read_text("utf-8")).substitute(tokens)


def apply_theme(application: QApplication, root: QWidget, theme: Theme, text_scale: float) -> None:
    """Give the whole window a theme."""
    from PySide6.QtGui import QColor, QPalette

    palette = QPalette(QColor(theme.surface), QColor(theme.page))
    for role, color in (
        (QPalette.ColorRole.WindowText, theme.ink),
        (QPalette.ColorRole.Text, theme.ink),
        (QPalette.ColorRole.ButtonText, theme.ink),
        (QPalette.ColorRole.Base, theme.surface),
        (QPalette.ColorRole.PlaceholderText, theme.ink_soft),
        (QPalette.ColorRole.Highlight, theme.accent),
        (QPalette.ColorRole.HighlightedText, theme.accent_ink),
    ):
        palette.setColor(role, QColor(color))
    if (sheet := style_sheet(theme, text_scale)) != application.styleSheet():  # dressing a whole window takes half a second
        application.setPalette(palette)
        application.setStyleSheet(sheet)
    give_theme(root, theme)


def give_theme(root: QWidget, theme: Theme) -> None:
    """Tell a widget and everything in it the theme: what is made after the window was themed needs it too."""
    from PySide6.QtWidgets import QWidget

    for widget in [root, *root.findChildren(QWidget)]:
        if isinstance(widget, Themed):
            widget.set_theme(theme)
