"""`emoasst eval`: a csv of clips through the models of a profile, every row counted."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emoasst_core.datatypes import Modality, Vector
from emoasst_core.emotions import NUM_EMOTIONS, emotion_index
from emoasst_core.errors import ManifestError
from emoasst_core.evaluation.embedding_source import Clip, EmbeddingSource, try_embed
from emoasst_core.evaluation.metrics import summary
from emoasst_core.training.manifests.cells import delimiter_of, seconds

MODALITIES: dict[str, tuple[Modality, ...]] = {
    "face": (Modality.FACE,),
    "voice": (Modality.VOICE,),
    "words": (Modality.WORDS,),
    "fused": (Modality.FACE, Modality.VOICE, Modality.WORDS),
}


@dataclass(frozen=True, slots=True)
class EvalRow:
    """One labelled clip of a manifest; `speaker` may be empty."""

    clip: Clip
    label: int
    speaker: str = ""


def read_eval_manifest(path: Path) -> list[EvalRow]:
    """Read a csv with the columns emotion, path or text, and optionally speaker, start_s, end_s and context.

    Args:
        path: the csv, with commas, semicolons or tabs; paths in it are relative to its folder; context holds a JSON list of
            what was said before, oldest first.

    Raises:
        ManifestError: the file is missing, lacks a column, or a row has an unknown emotion or a time that is no number;
            the message names the row.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter_of(text))
        rows, columns = [(_first_line(reader, row), row) for row in reader], set(reader.fieldnames or ())
    except OSError as error:
        reason = error.strerror or str(error)
        raise ManifestError(f"The manifest {path} cannot be read: {reason}.", "Give a csv file with --manifest.") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ManifestError(f"The manifest {path} is no csv file.", "Save it as csv in UTF-8.") from error
    if missing := ({"emotion"} if columns & {"path", "text"} else {"path", "emotion"}) - columns:
        raise ManifestError(
            f"The manifest {path} lacks the columns {', '.join(sorted(missing))}.",
            "Its first row names the columns: emotion, and path or text.",
        )
    if not rows:
        raise ManifestError(f"The manifest {path} has no rows.", "Write one row for each clip below the first.")
    return [_parse(row, line, path) for line, row in rows]


def _first_line(reader: csv.DictReader[str], row: dict[str, Any]) -> int:
    """Where the row that was just read begins: an editor counts lines, and a quoted text may hold several."""
    return reader.line_num - sum(str(value).count("\n") for value in row.values())


def _parse(row: dict[str, Any], line: int, manifest: Path) -> EvalRow:
    try:
        label = emotion_index(row["emotion"] or "")
        start_s = max(0.0, seconds(row.get("start_s"), "start_s") or 0.0)
        end_s = seconds(row.get("end_s"), "end_s")
        context = _context(row.get("context") or "[]")
    except (KeyError, ValueError) as error:
        raise ManifestError(f"Line {line} of {manifest}: {error.args[0]}.") from error
    clip = Clip(manifest.parent / (row.get("path") or ""), row.get("text") or "", start_s, end_s, context)
    return EvalRow(clip, label, row.get("speaker") or "")


def _context(column: str) -> tuple[str, ...]:
    texts = json.loads(column)
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"context must be a JSON list of texts, not {column[:40]}")
    return tuple(texts)


def run_manifest(
    source: EmbeddingSource, rows: list[EvalRow], modality: str, advance: Callable[[], None] = lambda: None
) -> tuple[dict[str, Any], Vector, list[str]]:
    """Predict every row.

    Args:
        source: embeds the clips.
        rows: of the manifest.
        modality: "face", "voice", "words" or "fused".
        advance: called after each row.

    Returns:
        The figures of `metrics.summary` plus "errors" and "modality"; (n, num_emotions) probabilities, NaN where a row could
        not be used; and one message per row, "" where all went well.
    """
    probs = np.full((len(rows), NUM_EMOTIONS), np.nan, np.float32)
    messages = []
    for number, row in enumerate(rows):
        embeddings, message = try_embed(source, row.clip, MODALITIES[modality])
        if embeddings:
            probs[number] = source.recogniser.classify(embeddings)
        messages.append(message)
        advance()
    figures = summary(np.array([row.label for row in rows]), probs)
    errors = [{"row": number + 2, "message": message} for number, message in enumerate(messages) if message]
    return {**figures, "modality": modality, "errors": errors}, probs, messages
