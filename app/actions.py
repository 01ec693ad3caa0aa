"""Everything that can be done by key, as one table; the buttons, the shortcuts and the list of keys are made from it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from emoasst_core.emotions import EMOTIONS


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One thing to do.

    Attributes:
        name: what the code calls it; handlers are found by it.
        text: begins with a verb.
        keys: shortcuts, the first is shown.
        page: where it works: "any", "start", "live", "review" or "answer".
        tip: said when the pointer rests on it, and by screen readers.
    """

    name: str
    text: str
    keys: tuple[str, ...]
    page: str
    tip: str = ""


ANSWERS = (*EMOTIONS, "cant_tell")
ANSWER_KEYS = dict(zip(ANSWERS, "12345670", strict=True)) | {"something_else": "8"}
TOLD_BY_KEYS = {"face": "F", "voice": "V", "words": "W", "situation": "C"}

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("open_recording", "Open a recording", ("Ctrl+O",), "start", "Choose a video or sound file"),
    ActionSpec("use_camera", "Use the camera", ("Ctrl+K",), "start", "Choose camera and microphone, and say who is here"),
    ActionSpec("past_sessions", "Look at past sessions", ("Ctrl+P",), "start", "All sessions that were kept"),
    ActionSpec("settings", "Change settings", ("Ctrl+,",), "any", "Colours, text size, cues"),
    ActionSpec("show_keys", "Show all keys", ("F1",), "any", "This list"),
    ActionSpec("people", "Show the people", ("Ctrl+E",), "any", "Names, agreements, pictures"),
    ActionSpec("diagnostics", "Show diagnostics", ("Ctrl+D",), "any", "How the program stands, to copy"),
    ActionSpec("lock", "Lock the adult’s part", ("Ctrl+L",), "any", "Until the PIN is typed again"),
    ActionSpec("go_home", "Go to the start", ("Alt+Home",), "review", "Back to the start page"),
    ActionSpec("stop", "Stop", ("S",), "live", "End the session and keep what was found"),
    ActionSpec("pause", "Pause", ("P",), "live", "Rest; camera and microphone go off"),
    ActionSpec("mark", "Ask later", ("?", "Q"), "live", "Mark this moment to look at again"),
    ActionSpec("play", "Play or pause", ("Space",), "review"),
    ActionSpec("previous_part", "Go to the part before", ("Up", "PgUp"), "review"),
    ActionSpec("next_part", "Go to the next part", ("Down", "PgDown"), "review"),
    ActionSpec("next_unsure", "Go to the next unsure part", ("N",), "review", "The next part the program was not sure about"),
    ActionSpec("step_back", "Go one picture back", (",",), "review"),
    ActionSpec("step_on", "Go one picture on", (".",), "review"),
    ActionSpec("back_second", "Go one second back", ("Left",), "review"),
    ActionSpec("on_second", "Go one second on", ("Right",), "review"),
    ActionSpec("half_speed", "Play at half speed", ("H",), "review"),
    ActionSpec("zoom_in", "Show less time, larger", ("+", "="), "review"),
    ActionSpec("zoom_out", "Show more time", ("-",), "review"),
    ActionSpec("show_table", "Show as a table", ("T",), "review", "The timeline in words, for reading row by row"),
    ActionSpec("next_emotion", "Jump to the next moment of an emotion", ("J",), "review"),
    ActionSpec("previous_emotion", "Jump to the moment of an emotion before", ("Shift+J",), "review"),
    ActionSpec("previous_chapter", "Go to the chapter before", ("[",), "review"),
    ActionSpec("next_chapter", "Go to the next chapter", ("]",), "review"),
    ActionSpec("whole_session", "Show the whole session", ("Home",), "review"),
    ActionSpec("search_words", "Search in the words", ("Ctrl+F",), "review"),
    ActionSpec("next_words", "Go to the next place of these words", ("F3",), "review"),
    ActionSpec(
        "export", "Save the session for others", ("Ctrl+S",), "review", "As a table, captions, for ELAN or Praat, or one page"
    ),
    ActionSpec("why", "Ask why this cue", ("Y",), "review", "Which of your answers spoke for it"),
    ActionSpec("answer_clips", "Answer the clips that wait", ("A",), "review"),
    ActionSpec("undo", "Undo", ("Ctrl+Z",), "review"),
    ActionSpec("redo", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), "review"),
    *(
        ActionSpec(f"answer_{answer}", f"Answer: {answer.replace('cant_tell', 'can’t tell')}", (key,), "review")
        for answer, key in ANSWER_KEYS.items()
        if answer in ANSWERS
    ),
    ActionSpec("clip_stop", "Stop here", ("Esc",), "answer", "What was answered is kept"),
    ActionSpec("clip_play", "Play or pause the clip", ("Space",), "answer"),
    ActionSpec("clip_replay", "Play the clip again", ("R",), "answer"),
    ActionSpec("clip_slow", "Play the clip at half speed", ("H",), "answer"),
    ActionSpec("clip_frame_back", "Go one picture back in the clip", (",",), "answer"),
    ActionSpec("clip_frame_on", "Go one picture on in the clip", (".",), "answer"),
    ActionSpec("clip_undo", "Undo the last answer", ("Ctrl+Z",), "answer"),
    ActionSpec("clip_redo", "Redo the answer", ("Ctrl+Shift+Z", "Ctrl+Y"), "answer"),
    ActionSpec("clip_unsure", "Say that you are not sure", ("U",), "answer"),
    *(ActionSpec(f"told_{by}", f"Say that the {by} told you", (key,), "answer") for by, key in TOLD_BY_KEYS.items()),
    *(
        ActionSpec(
            f"clip_answer_{answer}",
            f"Answer for the clip: {answer.replace('cant_tell', 'can’t tell').replace('_', ' ')}",
            (key,),
            "answer",
        )
        for answer, key in ANSWER_KEYS.items()
    ),
    ActionSpec("practice_play", "Play or pause the clip to guess", ("Space",), "practice"),
    ActionSpec("practice_again", "Play the clip to guess again", ("R",), "practice"),
    ActionSpec("practice_slow", "Play the clip to guess at half speed", ("H",), "practice"),
    ActionSpec("practice_next", "Go on to the next clip", ("N", "Right"), "practice"),
    *(ActionSpec(f"guess_{emotion}", f"Guess: {emotion}", (ANSWER_KEYS[emotion],), "practice") for emotion in EMOTIONS),
    ActionSpec("practice", "Practise with clips", ("Ctrl+G",), "any", "Guess how people of the family feel in short clips"),
    ActionSpec("trends", "Look at all sessions over time", ("Ctrl+T",), "any", "What the program did, session by session"),
)


def add_actions(widget: QWidget, page: str, handlers: Mapping[str, Callable[[], None]]) -> dict[str, QAction]:
    """Give a page its actions; their keys work while the page is shown.

    Raises:
        KeyError: the page has no handler for one of its actions.
    """
    added: dict[str, QAction] = {}
    for spec in ACTIONS:
        if spec.page != page:
            continue
        action = QAction(spec.text, widget)
        action.setObjectName(spec.name)
        action.setShortcuts([QKeySequence(key) for key in spec.keys])
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.setToolTip(f"{spec.tip or spec.text} ({spec.keys[0]})")
        handler = handlers[spec.name]
        action.triggered.connect(lambda _checked=False, handler=handler: handler())
        widget.addAction(action)
        added[spec.name] = action
    return added
