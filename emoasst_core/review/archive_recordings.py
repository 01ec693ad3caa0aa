"""Kept recordings inside an archive: sealed as they lie on the disk, their keys wrapped under a phrase that an adult types.

The files go in byte for byte, so nothing is decrypted on the way. On another computer the phrase opens the keys, which are then
wrapped under that computer's own.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from emoasst_core.errors import StoreError
from emoasst_core.store.database import Database
from emoasst_core.store.media import MediaVault, Segment
from emoasst_core.store.recovery_phrase import key_from_phrase

LEAST_LETTERS: Final = 12  # of the phrase: three or four words
MOST_FILE_BYTES: Final = 512 << 20  # five minutes of picture and sound are about 20 MB
NO_PHRASE: Final = "This archive holds recordings under a phrase."


@dataclass(frozen=True, slots=True)
class SealedFile:
    """One file of a recording: its name in the archive, and where it lies here."""

    name: str
    path: Path


def require_phrase(phrase: str) -> str:
    """The phrase without the spaces around it.

    Raises:
        StoreError: it is too short to keep anybody out.
    """
    kept = " ".join(phrase.split())
    if len(kept) < LEAST_LETTERS:
        raise StoreError(
            f"The phrase is too short: it needs {LEAST_LETTERS} letters or more.", "Take three or four words that you can keep."
        )
    return kept


def sealed_recordings(database: Database, phrase: str) -> tuple[dict[str, Any], tuple[SealedFile, ...]]:
    """What the list of an archive says of the recordings, and their files. What is still being written is left out.

    Raises:
        StoreError: the phrase is too short.
    """
    vault, salt = MediaVault(database), secrets.token_bytes(16)
    cipher = AESGCM(key_from_phrase([require_phrase(phrase)], salt))
    entries, files = [], []
    for session_id in vault.recorded_sessions():
        whole = [segment for segment in vault.segments(session_id) if segment.end_s is not None]
        nonce = secrets.token_bytes(12)
        sealed = nonce + cipher.encrypt(nonce, vault.recording_key(session_id), session_id.encode("utf-8"))
        started_at, is_clips = vault.facts(session_id)
        entries.append(
            {
                "session": session_id, "key": sealed.hex(), "started_at": started_at, "is_clips": is_clips,
                "segments": [[segment.number, segment.start_s, segment.end_s] for segment in whole],
                "gaps": [list(gap) for gap in vault.gaps(session_id)],
            }
        )  # fmt: skip
        files += [SealedFile(f"recordings/{session_id}/{s.number:04d}.emav", vault.path(session_id, s.number)) for s in whole]
    return {"salt": salt.hex(), "sessions": entries}, tuple(files)


def adopt_recordings(
    database: Database, listed: Mapping[str, Any], phrase: str, names: frozenset[str], read: Callable[[str], bytes]
) -> int:
    """Put the recordings of an archive in place; call it inside `database.writing()`. All of them or none.

    Args:
        listed: as `sealed_recordings` made it.
        names: of the parts that the archive holds.
        read: gives the checked content of a part.

    Returns:
        How many files were written.

    Raises:
        StoreError: the phrase is another one, or the list and the parts do not fit.
        DamagedError: a file is not what its key sealed.
    """
    vault = MediaVault(database)
    cipher = AESGCM(key_from_phrase([require_phrase(phrase)], bytes.fromhex(listed["salt"])))
    made: list[Path] = []
    num_files = 0
    try:
        for entry in listed["sessions"]:
            session_id = str(entry["session"])
            segments = tuple(_segments(entry))
            wanted = {f"recordings/{session_id}/{segment.number:04d}.emav" for segment in segments}
            if wanted != {name for name in names if name.startswith(f"recordings/{session_id}/")}:
                raise StoreError("The recordings of the archive do not fit to its list.", "Nothing was imported.")
            folder = vault.session_folder(session_id)
            if folder.exists():
                raise StoreError(f"{folder} is there already.", "Nothing was imported. Move it away first.")
            made.append(folder)
            gaps = [(float(gap[0]), float(gap[1]), str(gap[2])) for gap in entry["gaps"]]
            key = _opened(cipher, bytes.fromhex(entry["key"]), session_id)
            vault.adopt(session_id, key, (str(entry["started_at"]), bool(entry["is_clips"])), segments, gaps)
            folder.mkdir(parents=True)
            for segment in segments:
                vault.path(session_id, segment.number).write_bytes(read(f"recordings/{session_id}/{segment.number:04d}.emav"))
                vault.open(session_id, segment.number).close()
                num_files += 1
    except BaseException:
        for folder in made:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return num_files


def _segments(entry: Mapping[str, Any]) -> Iterator[Segment]:
    for number, start_s, end_s in entry["segments"]:
        yield Segment(int(number), float(start_s), float(end_s))


def _opened(cipher: AESGCM, sealed: bytes, session_id: str) -> bytes:
    try:
        return cipher.decrypt(sealed[:12], sealed[12:], session_id.encode("utf-8"))
    except InvalidTag as error:
        raise StoreError(
            "This is not the phrase that the archive was made with, or the archive was changed.", "Type it again."
        ) from error
