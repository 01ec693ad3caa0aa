"""All of a family's data as one file that imports again: rows as JSON lines, recordings only where they are asked for.

A file from elsewhere is read with suspicion: only the names this program writes, no links, nothing larger than it says, and
every part must have the hash that the manifest gives it.
"""

from __future__ import annotations

import hashlib
import json
import re
import stat
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from emoasst_core.atomic_file import replacing
from emoasst_core.errors import NotEmptyError, StoreError
from emoasst_core.review.archive_recordings import MOST_FILE_BYTES, NO_PHRASE, adopt_recordings, sealed_recordings
from emoasst_core.store.archive_rows import (
    OLDEST_SCHEMA,
    clear_tables,
    dump_table,
    is_empty,
    load_table,
    schema_version,
    tables_of,
)
from emoasst_core.store.database import Database

FORMAT: Final = "emoasst-archive"
MANIFEST: Final = "manifest.json"
MEMBER: Final = re.compile(
    r"manifest\.json|tables/[a-z_]{1,40}\.jsonl|files/[A-Za-z0-9-]{1,60}/[A-Za-z0-9_.-]{1,80}|"
    r"recordings/[A-Za-z0-9][A-Za-z0-9_.-]{0,63}/[0-9]{4}\.emav"
)
MOST_BYTES: Final = 64 << 30  # of all parts together: months of recordings
MOST_ROWS_BYTES: Final = 4 << 30  # of one table
MOST_RATIO: Final = 200  # rows of JSON pack 3 to 40 times smaller; more than this is a bomb
MOST_MEMBERS: Final = 100_000
CHUNK: Final = 1 << 20
NOT_EMPTY: Final = (
    "Read the file in on another computer, or under another account of this one. To put it in the place of what is here: "
    "save what is here to a file first, then delete everything (in the window: Settings; or `emoasst data delete --everything`), "
    "then read the file in."
)
NEXT_STEP: Final = "Nothing was imported. Ask for a new export."
Tell = Callable[[int, int], None]  # parts done, parts in all


@dataclass(frozen=True, slots=True)
class ArchiveContent:
    """What an archive holds: rows per table, number of other files, and of files of recordings."""

    rows: Mapping[str, int]
    num_files: int
    num_recorded: int = 0


def write_archive(
    database: Database, path: Path, sessions_folder: Path | None = None, with_files: bool = False, phrase: str = "",
    tell: Tell = lambda _done, _all: None,
) -> ArchiveContent:  # fmt: skip
    """Write everything kept of the family, old file or new but never half.

    The PIN and the keys of this computer stay here. People keep their names: this file is for the family itself.

    Args:
        sessions_folder: where the files of the sessions lie.
        with_files: also the sessions' files.
        phrase: also the kept recordings, sealed; only this phrase opens them again. "" leaves them out.
        tell: called after each part.

    Raises:
        StoreError: the file cannot be written, or the phrase is too short.
    """
    recordings, sealed = sealed_recordings(database, phrase) if phrase else (None, ())
    parts: dict[str, dict[str, Any]] = {}
    rows: dict[str, int] = {}
    files = _session_files(sessions_folder) if with_files and sessions_folder is not None else []
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as partial, zipfile.ZipFile(partial, "w", zipfile.ZIP_DEFLATED) as archive:
            with database.reading():
                num_parts = len(tables := tables_of(database)) + len(files) + len(sealed)
                for table in tables:
                    lines = [json.dumps(row, ensure_ascii=False) for row in dump_table(database, table)]
                    rows[table] = len(lines)
                    _add(archive, parts, f"tables/{table}.jsonl", "".join(f"{line}\n" for line in lines).encode())
                    tell(len(parts), num_parts)
            for file in files:
                _add(archive, parts, f"files/{file.parent.name}/{file.name}", file.read_bytes())
                tell(len(parts), num_parts)
            for one in sealed:
                _add(archive, parts, one.name, one.path.read_bytes(), zipfile.ZIP_STORED)
                tell(len(parts), num_parts)
            manifest = {"format": FORMAT, "format_version": 1, "schema": schema_version(), "rows": rows, "parts": parts}
            manifest |= {"recordings": recordings} if recordings is not None else {}
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
    except OSError as error:
        raise StoreError(f"The archive {path} cannot be written: {error.strerror}.", "Check the folder and the disk.") from error
    return ArchiveContent(rows, sum(name.startswith("files/") for name in parts), len(sealed))


def holds_recordings(path: Path) -> bool:
    """Whether a file is an archive that needs a phrase.

    Raises:
        StoreError: it is no sound archive.
    """
    with _sound(path), zipfile.ZipFile(path) as archive:
        return "recordings" in _manifest(archive)


def read_archive(
    path: Path, database: Database, sessions_folder: Path, phrase: str | None = None, tell: Tell = lambda _done, _all: None
) -> ArchiveContent:
    """Import an archive into a database in which nothing has been kept yet; all of it or nothing.

    Args:
        phrase: the one its recordings were sealed with; "" leaves the recordings out.
        tell: called after each table.

    Raises:
        NotEmptyError: something has been kept there already.
        StoreError: the file is no archive, damaged, hostile, or of another version; it holds
            recordings and no phrase, or another one, was given.
    """
    if not is_empty(database):
        raise NotEmptyError("This computer already holds a family's data; it was left as it is.", NOT_EMPTY)
    with _sound(path), zipfile.ZipFile(path) as archive:
        manifest = _manifest(archive)
        listed = manifest.get("recordings")
        if listed is not None and phrase is None:
            raise StoreError(NO_PHRASE, "Give the phrase it was made with.")
        with database.writing():
            clear_tables(database)
            known = tables_of(database)
            for number, table in enumerate(known, 1):
                _load_rows(archive, manifest, database, table)
                tell(number, len(known) + 1)  # the recordings come last
            files = [name for name in manifest["parts"] if name.startswith("files/")]
            written = _write_files(archive, manifest, files, sessions_folder)
            recorded = 0
            if listed is not None and phrase:
                names = frozenset(name for name in manifest["parts"] if name.startswith("recordings/"))
                read = partial(_checked, archive, manifest, most=MOST_FILE_BYTES)
                recorded = adopt_recordings(database, listed, phrase, names, read)
        return ArchiveContent({table: manifest["rows"].get(table, 0) for table in known}, written, recorded)


@contextmanager
def _sound(path: Path) -> Iterator[None]:
    """Whatever is wrong with a file from elsewhere becomes one sentence."""
    try:
        yield
    except OSError as error:
        raise StoreError(f"{path} cannot be read or written: {error.strerror}.", "Check the file and the disk.") from error
    except StoreError:
        raise
    except Exception as error:  # hostile files raise whatever zip, zlib and JSON have: all of it is the file's fault
        raise StoreError(f"{path.name} is not a sound archive of EmoAsst.", NEXT_STEP) from error


def _load_rows(archive: zipfile.ZipFile, manifest: Mapping[str, Any], database: Database, table: str) -> None:
    name = f"tables/{table}.jsonl"
    content = _checked(archive, manifest, name, MOST_ROWS_BYTES) if name in manifest["parts"] else b""
    rows = [json.loads(line) for line in content.decode().split("\n") if line]  # words may hold other ends of lines
    if load_table(database, table, rows) != manifest["rows"].get(table, 0):
        raise StoreError(f"The archive does not hold all rows of {table}.", NEXT_STEP)


def _session_files(folder: Path) -> list[Path]:
    """The plain files beside the sessions; what is still being written is left out."""
    return [
        file
        for file in sorted(folder.glob("*/*"))
        if file.is_file() and not file.is_symlink() and MEMBER.fullmatch(f"files/{file.parent.name}/{file.name}")
    ]


def _add(
    archive: zipfile.ZipFile,
    parts: dict[str, dict[str, Any]],
    name: str,
    content: bytes,
    compression: int = zipfile.ZIP_DEFLATED,
) -> None:
    archive.writestr(name, content, compression)
    parts[name] = {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    """The list of contents, after everything that can be said without unpacking has been checked."""
    members = archive.infolist()
    names = [member.filename for member in members]
    if len(members) > MOST_MEMBERS or len(set(names)) != len(names) or MANIFEST not in names:
        raise StoreError("This is not an archive of EmoAsst.", NEXT_STEP)
    for member in members:
        kind = stat.S_IFMT(member.external_attr >> 16)
        if not MEMBER.fullmatch(member.filename) or ".." in member.filename or kind not in (0, stat.S_IFREG):
            raise StoreError("The archive holds a part that EmoAsst never writes.", NEXT_STEP)
        if member.file_size > CHUNK and member.file_size > MOST_RATIO * max(1, member.compress_size):
            raise StoreError("The archive holds a part that unpacks far too large.", NEXT_STEP)
    if sum(member.file_size for member in members) > MOST_BYTES:
        raise StoreError("The archive unpacks too large.", NEXT_STEP)
    manifest: dict[str, Any] = json.loads(_bounded(archive, MANIFEST, 64 << 20))
    if manifest.get("format") != FORMAT or manifest.get("format_version") != 1:
        raise StoreError("This is not an archive of EmoAsst.", NEXT_STEP)
    if manifest["schema"] not in range(OLDEST_SCHEMA, schema_version() + 1):
        raise StoreError(f"The archive is of another version ({manifest['schema']}, here {schema_version()}).", NEXT_STEP)
    if {*manifest["parts"], MANIFEST} != set(names):
        raise StoreError("The archive does not hold what its list says.", NEXT_STEP)
    return manifest


def _bounded(archive: zipfile.ZipFile, name: str, most: int) -> bytes:
    """A part, never more of it than it is said to hold, whatever the packed data would give."""
    size = archive.getinfo(name).file_size
    if size > most:
        raise StoreError("A part of the archive is too large.", NEXT_STEP)
    with archive.open(name) as part:
        content = part.read(size + 1)
    if len(content) != size:
        raise StoreError("A part of the archive is not as large as it says.", NEXT_STEP)
    return content


def _checked(archive: zipfile.ZipFile, manifest: Mapping[str, Any], name: str, most: int) -> bytes:
    content = _bounded(archive, name, most)
    if hashlib.sha256(content).hexdigest() != manifest["parts"][name]["sha256"]:
        raise StoreError("A part of the archive is damaged.", NEXT_STEP)
    return content


def _write_files(archive: zipfile.ZipFile, manifest: Mapping[str, Any], names: list[str], folder: Path) -> int:
    """The sessions' files, all checked before the first is written, none over one that is there."""
    for name in names:
        _checked(archive, manifest, name, MOST_BYTES)
    for name in names:
        target = folder.joinpath(*name.split("/")[1:])
        if target.exists():
            raise StoreError(f"{target} is there already.", NEXT_STEP)
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as partial:
            partial.write_bytes(_checked(archive, manifest, name, MOST_BYTES))
    return len(names)
