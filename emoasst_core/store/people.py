"""The people a family meets: their names, what each agreed to, and the face pictures they are recognised by."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from emoasst_core.datatypes import Vector
from emoasst_core.errors import StoreError
from emoasst_core.store.clip_retention import drop_orphans
from emoasst_core.store.columns import blob_from_vector, moment_from_text, now_text, vector_from_blob
from emoasst_core.store.database import Database

ROLES: Final = ("child", "adult", "other")
CONSENTS: Final = ("live", "record", "clips")  # three separate agreements: cues only, keep the session, keep clips to review


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who is met. The child is the enrolled one, who gets the cues; `person_id` is "p-" and 8 hex digits."""

    person_id: str
    name: str
    role: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One line of the consent log; `action` is granted, withdrawn or forgotten."""

    happened_at: datetime
    person_id: str
    kind: str
    action: str


class People:
    """The people in one database; belongs to the thread of its `database`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, name: str, role: str) -> Person:
        """Enter somebody; nothing is agreed to yet.

        Raises:
            StoreError: the name is empty, or the role is unknown.
        """
        self._check_name(name)
        if role not in ROLES:
            raise StoreError(f"There is no role {role!r}.", f"Choose one of: {', '.join(ROLES)}.")
        person_id = f"p-{secrets.token_hex(4)}"
        with self._database.writing():
            self._database.execute(
                "INSERT INTO people (person_id, name, role, created_at) VALUES (?, ?, ?, ?)",
                (person_id, name.strip(), role, now_text()),
            )
        return self._get(person_id)

    def all(self) -> list[Person]:
        """Everybody, first entered first."""
        rows = self._database.rows("SELECT * FROM people ORDER BY created_at, person_id")
        return [Person(row["person_id"], row["name"], row["role"], moment_from_text(row["created_at"])) for row in rows]

    def names(self) -> dict[str, str]:
        """{person_id: name}"""
        return {person.person_id: person.name for person in self.all()}

    def rename(self, person_id: str, name: str) -> Person:
        """Call somebody something else.

        Raises:
            StoreError: the name is empty, or nobody has that id.
        """
        self._check_name(name)
        with self._database.writing():
            self._get(person_id)
            self._database.execute("UPDATE people SET name = ? WHERE person_id = ?", (name.strip(), person_id))
        return self._get(person_id)

    def grant(self, person_id: str, kind: str) -> None:
        """Note that somebody agreed to "live", "record" or "clips".

        Raises:
            StoreError: nobody has that id, or there is no such agreement.
        """
        self._check_kind(kind)
        with self._database.writing():
            self._get(person_id)
            if kind not in self.consents(person_id):
                self._database.execute("INSERT INTO consents VALUES (?, ?, ?)", (person_id, kind, now_text()))
                self._log(person_id, kind, "granted")

    def withdraw(self, person_id: str, kind: str) -> None:
        """Note that somebody no longer agrees; clips of them that nobody has answered yet go at once.

        Raises:
            StoreError: nobody has that id, or there is no such agreement.
        """
        self._check_kind(kind)
        with self._database.writing():
            self._get(person_id)
            if kind in self.consents(person_id):
                self._database.execute("DELETE FROM consents WHERE person_id = ? AND kind = ?", (person_id, kind))
                self._log(person_id, kind, "withdrawn")
                self._database.execute(
                    "DELETE FROM clips WHERE person = ? AND clip_id NOT IN (SELECT clip_id FROM clip_answers)", (person_id,)
                )
        drop_orphans(self._database)
        self._database.checkpoint()

    def consents(self, person_id: str) -> frozenset[str]:
        """What somebody agrees to at present; nothing for a person who is not known."""
        return frozenset(
            row["kind"] for row in self._database.rows("SELECT kind FROM consents WHERE person_id = ?", (person_id,))
        )

    def consent_log(self, person_id: str | None = None) -> list[ConsentChange]:
        """What was agreed and withdrawn, oldest first; of everybody where nobody is named."""
        rows = self._database.rows(
            "SELECT * FROM consent_log WHERE person_id = coalesce(?, person_id) ORDER BY number", (person_id,)
        )
        return [ConsentChange(moment_from_text(row["happened_at"]), row["person_id"], row["kind"], row["action"]) for row in rows]

    def add_face(self, person_id: str, embedding: Vector, encoder_hash: str, thumbnail_jpeg: bytes = b"") -> None:
        """Keep one picture to recognise somebody by.

        Args:
            person_id: whose face it is.
            embedding: (embed_dim,) float32.
            encoder_hash: of the encoder that made it.
            thumbnail_jpeg: a small picture to show; may be empty.

        Raises:
            StoreError: nobody has that id.
        """
        with self._database.writing():
            self._get(person_id)
            self._database.execute(
                "INSERT INTO face_pictures (person_id, encoder_hash, vector, thumbnail, created_at) VALUES (?, ?, ?, ?, ?)",
                (person_id, encoder_hash, blob_from_vector(embedding), thumbnail_jpeg, now_text()),
            )

    def faces(self, encoder_hash: str) -> list[tuple[str, Vector]]:
        """(person_id, (embed_dim,) float32) of every picture made with this encoder."""
        rows = self._database.rows(
            "SELECT person_id, vector FROM face_pictures WHERE encoder_hash = ? ORDER BY face_id", (encoder_hash,)
        )
        return [(row["person_id"], vector_from_blob(row["vector"])) for row in rows]

    def thumbnails(self, person_id: str) -> list[bytes]:
        """The pictures kept of somebody, as JPEG, newest first."""
        rows = self._database.rows(
            "SELECT thumbnail FROM face_pictures WHERE person_id = ? AND length(thumbnail) > 0 ORDER BY face_id DESC",
            (person_id,),
        )
        return [bytes(row["thumbnail"]) for row in rows]

    def note_present(self, session_id: str, person_ids: Iterable[str]) -> None:
        """Keep who an adult said was there, so that a recording goes with the people in it even where nobody was recognised."""
        with self._database.writing():
            for person_id in person_ids:
                self._database.execute("INSERT OR IGNORE INTO session_people VALUES (?, ?)", (session_id, person_id))

    def forget(self, person_id: str) -> None:
        """Remove somebody and everything made from them: see `store.deletion`.

        Raises:
            StoreError: nobody has that id.
        """
        from emoasst_core.store.deletion import forget_person  # it needs everything that stands on this module

        self._get(person_id)
        forget_person(self._database, person_id)

    def _get(self, person_id: str) -> Person:
        found = [person for person in self.all() if person.person_id == person_id]
        if not found:
            raise StoreError(f"There is no person {person_id}.", "They may have been deleted meanwhile.")
        return found[0]

    def _log(self, person_id: str, kind: str, action: str) -> None:
        self._database.execute(
            "INSERT INTO consent_log (happened_at, person_id, kind, action) VALUES (?, ?, ?, ?)",
            (now_text(), person_id, kind, action),
        )

    @staticmethod
    def _check_name(name: str) -> None:
        if not name.strip():
            raise StoreError("A person needs a name.", "Type a name or a nickname.")

    @staticmethod
    def _check_kind(kind: str) -> None:
        if kind not in CONSENTS:
            raise StoreError(f"There is no agreement {kind!r}.", f"Choose one of: {', '.join(CONSENTS)}.")
