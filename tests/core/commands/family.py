"""A small family: a model profile on disk, a database with two sessions, and the command line to work on them."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from emoasst_core.commands import cache, export, import_files
from emoasst_core.datatypes import CueState, Modality, Source, Timeline, TimelineSpan
from emoasst_core.profile import encoder_hash, read_profile
from emoasst_core.store.database import Database
from emoasst_core.store.sessions import SessionRecord, UtteranceRow, save_session

PROFILE = {
    "format": 1,
    "name": "tiny",
    "version": "1",
    "summary": "",
    "vision": "vision",
    "text": "text",
    "audio": "",
    "heads": "heads.safetensors",
    "visual_fusion_module": {},
    "auditory_adapter": None,
    "num_frames": 24,
    "max_sound_s": 8.0,
    "min_words": 2,
    "zero_shot": {},
    "alphas": {},
    "beta": 5.5,
    "reliabilities": {},
}


def make_profile(home: Path, weights: bytes = b"weights") -> str:
    """Install the profile; returns the hash of its encoders."""
    folder = home / "models" / "tiny"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "profile.json").write_text(json.dumps(PROFILE))
    (folder / "heads.safetensors").write_bytes(weights)
    return encoder_hash(folder, read_profile(folder))


def make_database(path: Path, hashes: dict[str, str]) -> None:
    """One session of two utterances per {session id: encoder hash}."""
    with Database(path) as database:
        for session_id, hash_of_encoders in hashes.items():
            span = TimelineSpan(0.0, 1.0, "person 1", Source.SHOWN, CueState.CLEAR, "joy", {"joy": 0.9})
            face = {Modality.FACE: np.eye(4, dtype=np.float32)[0]}
            utterances = (
                UtteranceRow(1, 0.0, 1.0, True, "person 1", "hello", "joy", CueState.CLEAR, {"joy": 0.9}, face),
                UtteranceRow(2, 1.0, 2.0, False, "", "", None, CueState.CANT_SEE),
            )
            timeline = Timeline("clip.mp4", 2.0, (span,))
            started_at = datetime(2025, 1, 31, tzinfo=UTC)
            save_session(
                database, SessionRecord(session_id, "clip.mp4", started_at, 2.0, "tiny", hash_of_encoders, timeline, utterances)
            )


def emoasst(*arguments: object) -> int:
    """Run a command line and return its exit code; errors come out as they reach the top."""
    parser = argparse.ArgumentParser(prog="emoasst")
    subparsers = parser.add_subparsers(required=True)
    cache.add_parser(subparsers)
    export.add_parser(subparsers)
    import_files.add_parser(subparsers)
    options = parser.parse_args([str(argument) for argument in arguments])
    return int(options.run(options))
