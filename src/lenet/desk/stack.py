"""The stack of a desk: pages, fields, leases and answers in one SQLite file.

The file is the single truth: each change is one transaction that is on disk before it is answered, so that a process
that is killed loses nothing, and several people at one stack never get the same field. Times are seconds since 1970.

Columns keep the names of the file's version 1: ``asked`` holds what is called ``needs_review``, ``turned`` the
``rotation`` and ``form`` the ``form_name``; the actions of ``keys`` are ``type`` (a draft), ``answer``, ``later``
(postponed), ``back`` (taken back) and ``ask`` (reopened).
"""

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lenet.desk.fields import PageFields
from lenet.errors import LeNetError, reason_of

FILE = "desk.sqlite"
LEASE_SECONDS = 120.0  # a field that nobody answers in this time goes to whoever asks next
VERSION = 1
_SCHEMA = """
CREATE TABLE files (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, path TEXT NOT NULL UNIQUE, state TEXT NOT NULL DEFAULT 'waiting',
  problem TEXT NOT NULL DEFAULT ''
);
CREATE TABLE pages (
  id INTEGER PRIMARY KEY, file INTEGER NOT NULL REFERENCES files, number INTEGER NOT NULL, height INTEGER NOT NULL,
  width INTEGER NOT NULL, remark TEXT NOT NULL, form TEXT NOT NULL, sums TEXT NOT NULL,
  turned INTEGER NOT NULL, UNIQUE (file, number)
);
CREATE TABLE fields (
  id INTEGER PRIMARY KEY AUTOINCREMENT, page INTEGER NOT NULL REFERENCES pages, name TEXT NOT NULL, kind TEXT NOT NULL,
  text TEXT NOT NULL, probability REAL NOT NULL, status TEXT NOT NULL, reason TEXT NOT NULL, box TEXT NOT NULL,
  alternatives TEXT NOT NULL, bundle TEXT, asked INTEGER NOT NULL, draft TEXT, answer TEXT, answered_by TEXT,
  answered_at REAL, postponed INTEGER NOT NULL DEFAULT 0, leased_by TEXT, leased_until REAL NOT NULL DEFAULT 0
);
CREATE INDEX open_fields ON fields (postponed, id) WHERE asked AND answer IS NULL;
CREATE INDEX fields_of_page ON fields (page);
CREATE INDEX answers_of ON fields (answered_by, answered_at) WHERE answer IS NOT NULL;
CREATE TABLE keys (id INTEGER PRIMARY KEY, field INTEGER NOT NULL, who TEXT NOT NULL, at REAL NOT NULL,
  action TEXT NOT NULL, text TEXT NOT NULL, presses INTEGER NOT NULL);
"""
_FIELD_COLUMNS = (
    "fields.id, fields.page, fields.name, kind, text, probability, status, reason, box, alternatives, bundle, "
    "asked AS needs_review, draft, answer, postponed, files.name AS file, number"
)
_PAGE_COLUMNS = (
    "pages.id, pages.file, number, height, width, remark, form AS form_name, sums, turned AS rotation, "
    "files.name AS file_name, files.path"
)
_JOINED_TABLES = "fields JOIN pages ON pages.id = fields.page JOIN files ON files.id = pages.file"
_JSON_COLUMNS = ("box", "alternatives")


class AnsweredElsewhere(LeNetError):
    """A field that somebody else has answered, or has before them."""


class Unwritable(LeNetError):
    """A change that could not be saved, as on a full disk; no part of it was, and it may be made again."""


@dataclass(frozen=True)
class Counts:
    """Counts of a stack's fields by state.

    Attributes:
        files, waiting, failed: files in all, those that are not read yet, those that could not be read.
        pages, fields: that were read.
        for_review, answered: fields that need review, and those of them that were answered.
        keys: pressed for all answers.
    """

    files: int
    waiting: int
    failed: int
    pages: int
    fields: int
    for_review: int
    answered: int
    keys: int


class Stack:
    """The stack in a folder, which several threads may use at a time.

    Args:
        folder: made if it is not there.
        clock: the time in seconds.

    Raises:
        LeNetError: if the folder cannot be written, or its file is none of a desk.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self.folder, self._clock = folder, clock
        self._lock = threading.RLock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(folder / FILE, timeout=30, isolation_level=None, check_same_thread=False)
            self._db.row_factory = sqlite3.Row
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = FULL")
            with self._transaction():
                (version,) = self._db.execute("PRAGMA user_version").fetchone()
                if version == 0:
                    for statement in filter(str.strip, _SCHEMA.split(";")):
                        self._db.execute(statement)
                    self._db.execute(f"PRAGMA user_version = {VERSION}")
        except OSError as error:
            raise LeNetError(f"{folder}: {reason_of(error)}; choose another folder") from None
        except sqlite3.DatabaseError as error:
            cannot_write = isinstance(error, sqlite3.OperationalError)  # the file may be none of SQLite's, else
            what = "cannot be opened and written" if cannot_write else "is no stack of a desk"
            raise LeNetError(f"{folder / FILE}: {what} ({error}); choose another folder") from None
        if version not in (0, VERSION):
            raise LeNetError(
                f"{folder / FILE}: has version {version}, expected {VERSION}; open it with the lenet that wrote it, "
                "or choose another folder"
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    def add_file(self, name: str, path: Path) -> int:
        """Put a file on the stack, unless its path is there, and return its number."""
        with self._change():
            self._db.execute("INSERT OR IGNORE INTO files (name, path) VALUES (?, ?)", (name, str(path)))
            return int(self._db.execute("SELECT id FROM files WHERE path = ?", (str(path),)).fetchone()[0])

    def waiting(self) -> list[tuple[int, Path]]:
        """The files that are not read yet, in their order: number and path."""
        with self._lock:
            rows = self._db.execute("SELECT id, path FROM files WHERE state = 'waiting' ORDER BY id").fetchall()
        return [(row["id"], Path(row["path"])) for row in rows]

    def finish_file(self, file: int, pages: Sequence[PageFields], problem: str = "") -> None:
        """Keep all pages of a file at once, so that a file is read whole or not at all.

        Args:
            file: its number; one that is read already stays as it is.
            pages: those that could be read.
            problem: why others could not.
        """
        with self._change():
            if self._set_state(file, pages, problem, "AND state = 'waiting'"):
                for page in pages:
                    self._insert(file, page)

    def add_pages(self, file: int, pages: Sequence[PageFields], problem: str = "") -> None:
        """Keep the pages of a file that are not there yet; those that are stay as they are, with their answers.

        Args:
            file, pages, problem: as `finish_file` takes them, of all that is known of the file by now.
        """
        with self._change():
            self._set_state(file, pages, problem)
            rows = self._db.execute("SELECT number FROM pages WHERE file = ?", (file,)).fetchall()
            numbers = {row["number"] for row in rows}
            for page in pages:
                if page.number not in numbers:
                    self._insert(file, page)

    def read_again(self, form_name: str) -> None:
        """Put files back that were read without a form, or by another one, as if they had not been read.

        Those of which somebody has answered or typed something stay as they are, and so do those that are gone.
        """
        with self._change():
            rows = self._db.execute(
                "SELECT id, path FROM files WHERE EXISTS (SELECT * FROM pages WHERE file = files.id AND form != ?) "
                "AND NOT EXISTS (SELECT * FROM fields JOIN pages ON pages.id = fields.page WHERE file = files.id "
                "AND (answer IS NOT NULL OR draft IS NOT NULL))",
                (form_name,),
            ).fetchall()
            for file in (row["id"] for row in rows if Path(row["path"]).exists()):
                # Their numbers never come again: an answer on its way from a page must not find another field.
                self._db.execute("DELETE FROM fields WHERE page IN (SELECT id FROM pages WHERE file = ?)", (file,))
                self._db.execute("DELETE FROM pages WHERE file = ?", (file,))
                self._db.execute("UPDATE files SET state = 'waiting', problem = '' WHERE id = ?", (file,))

    def lease(self, who: str, count: int = 1) -> list[dict[str, Any]]:
        """Lease the next open fields to somebody: nobody else gets them until the lease is over.

        Those that are leased to them already come first; fields of a violated sum come together.
        """
        now = self._clock()
        with self._change():
            open_fields = "asked AND answer IS NULL"
            leased = self._select(
                f"{open_fields} AND leased_by = ? AND leased_until > ? ORDER BY postponed, fields.id", who, now
            )
            free = f"{open_fields} AND leased_until <= ?"
            while len(leased) < count and (first := self._select(f"{free} ORDER BY postponed, fields.id LIMIT 1", now)):
                field = first[0]
                if field["bundle"] is not None:
                    first = self._select(
                        f"{free} AND page = ? AND bundle = ? ORDER BY fields.id", now, field["page"], field["bundle"]
                    )
                self._set_lease([field["id"] for field in first], who, now)
                leased += first
            self._set_lease([field["id"] for field in leased], who, now)
        return leased

    def save_draft(self, who: str, field: int, draft: str, key_presses: int = 1) -> None:
        """Keep what is typed so far, as the draft of the answer.

        Raises:
            AnsweredElsewhere: if the field is another one's.
        """
        with self._change():
            self._check_lease(who, field)
            self._db.execute("UPDATE fields SET draft = ? WHERE id = ?", (draft, field))
            self._log_action(who, field, "type", draft, key_presses)

    def answer(self, who: str, field: int, text: str, key_presses: int = 1) -> None:
        """Keep an answer; the same one a second time, as of a request that is sent again, changes nothing.

        Raises:
            AnsweredElsewhere: if the field is another one's.
        """
        with self._change():
            if self._check_lease(who, field)["answer"] == text:
                return
            self._db.execute(
                "UPDATE fields SET answer = ?, answered_by = ?, answered_at = ?, draft = NULL, leased_until = 0 "
                "WHERE id = ?",
                (text, who, self._clock(), field),
            )
            self._log_action(who, field, "answer", text, key_presses)

    def postpone(self, who: str, field: int, key_presses: int = 1) -> None:
        """Put a field, and those of its sum, behind all others.

        Raises:
            AnsweredElsewhere: if the field is another one's.
        """
        with self._change():
            row = self._check_lease(who, field)
            (last,) = self._db.execute("SELECT max(postponed) FROM fields").fetchone()
            self._db.execute(
                "UPDATE fields SET postponed = ? + 1, leased_until = 0 "
                "WHERE id = ? OR (page = ? AND bundle = ? AND answer IS NULL)",
                (last, field, row["page"], row["bundle"]),
            )
            self._log_action(who, field, "later", "", key_presses)

    def take_back(self, who: str, key_presses: int = 1) -> dict[str, Any] | None:
        """Undo somebody's last answer and lease its field to them; None if they have answered nothing."""
        now = self._clock()
        with self._change():
            last = self._select("answer IS NOT NULL AND answered_by = ? ORDER BY answered_at DESC LIMIT 1", who)
            if not last:
                return None
            field = last[0] | {"draft": last[0]["answer"], "answer": None, "postponed": 0}
            self._db.execute(
                "UPDATE fields SET draft = answer, answer = NULL, answered_by = NULL, postponed = 0 WHERE id = ?",
                (field["id"],),
            )
            self._set_lease([field["id"]], who, now)
            self._log_action(who, field["id"], "back", "", key_presses)
            return field

    def reopen(self, who: str, field: int, key_presses: int = 1) -> dict[str, Any]:
        """Open a field for review of which reading was sure, or that was answered, and lease it to somebody.

        Raises:
            AnsweredElsewhere: if it is leased to somebody else.
        """
        now = self._clock()
        with self._change():
            self._check_lease(who, field, may_be_answered=True)
            self._db.execute(
                "UPDATE fields SET asked = 1, draft = coalesce(answer, draft), answer = NULL, answered_by = NULL "
                "WHERE id = ?",
                (field,),
            )
            self._set_lease([field], who, now)
            self._log_action(who, field, "ask", "", key_presses)
            return self._select("fields.id = ?", field)[0]

    def counts(self) -> Counts:
        """Count the stack's fields by state."""
        with self._lock:
            values = self._db.execute(
                "SELECT (SELECT count(*) FROM files), (SELECT count(*) FROM files WHERE state = 'waiting'), "
                "(SELECT count(*) FROM files WHERE problem != ''), (SELECT count(*) FROM pages), "
                "(SELECT count(*) FROM fields), (SELECT count(*) FROM fields WHERE asked), "
                "(SELECT count(*) FROM fields WHERE asked AND answer IS NOT NULL), "
                "(SELECT coalesce(sum(presses), 0) FROM keys)"
            ).fetchone()
        return Counts(*values)

    def files(self) -> list[dict[str, Any]]:
        """All files in their order: name, state and problem."""
        with self._lock:
            rows = self._db.execute("SELECT id, name, state, problem FROM files ORDER BY id").fetchall()
        return [dict(row) for row in rows]

    def pages(self, first: int = 0, count: int = -1) -> list[dict[str, Any]]:
        """Pages in their order, with the name and path of their file."""
        with self._lock:
            return self._select_pages("1 ORDER BY files.id, number LIMIT ? OFFSET ?", count, first)

    def page(self, page: int) -> dict[str, Any] | None:
        """A page with the path of its file, and its fields; None if there is none."""
        with self._lock:
            fields = self._select("page = ? ORDER BY fields.id", page)
            return next((record | {"fields": fields} for record in self._select_pages("pages.id = ?", page)), None)

    def fields(self, first: int = 0, count: int = -1) -> list[dict[str, Any]]:
        """Fields in their order."""
        with self._lock:
            return self._select("1 ORDER BY fields.id LIMIT ? OFFSET ?", count, first)

    def field(self, field: int) -> dict[str, Any] | None:
        """A field; None if there is none."""
        with self._lock:
            return next(iter(self._select("fields.id = ?", field)), None)

    def _set_state(self, file: int, pages: Sequence[PageFields], problem: str, condition: str = "") -> bool:
        """Say that a file is read, or why it could not be, if it meets the condition; whether it did."""
        problem = "; ".join(filter(None, (problem, *(page.problem for page in pages))))
        state = "failed" if problem and not pages else "read"
        values = (state, problem, file)
        cursor = self._db.execute(f"UPDATE files SET state = ?, problem = ? WHERE id = ? {condition}", values)
        return cursor.rowcount > 0

    def _insert(self, file: int, page: PageFields) -> None:
        values = (file, page.number, *page.size, page.remark, page.form_name, json.dumps(page.sums), page.rotation)
        page_id = self._db.execute(
            "INSERT INTO pages (file, number, height, width, remark, form, sums, turned) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            values,
        ).lastrowid
        self._db.executemany(
            "INSERT INTO fields (page, name, kind, text, probability, status, reason, box, alternatives, bundle, "
            "asked) VALUES (:page, :name, :kind, :text, :probability, :status, :reason, :box, :alternatives, :bundle, "
            ":needs_review)",
            [
                vars(field) | {"page": page_id} | {name: json.dumps(getattr(field, name)) for name in _JSON_COLUMNS}
                for field in page.fields
            ],
        )

    def _select(self, where: str, *values: Any) -> list[dict[str, Any]]:
        rows = self._db.execute(f"SELECT {_FIELD_COLUMNS} FROM {_JOINED_TABLES} WHERE {where}", values)
        return [
            dict(row)
            | {name: json.loads(row[name]) for name in _JSON_COLUMNS}
            | {"needs_review": bool(row["needs_review"])}
            for row in rows
        ]

    def _select_pages(self, where: str, *values: Any) -> list[dict[str, Any]]:
        query = f"SELECT {_PAGE_COLUMNS} FROM pages JOIN files ON files.id = pages.file WHERE {where}"
        return [dict(row) | {"sums": json.loads(row["sums"])} for row in self._db.execute(query, values)]

    def _set_lease(self, fields: Sequence[int], who: str, now: float) -> None:
        values = [(who, now + LEASE_SECONDS, field) for field in fields]
        self._db.executemany("UPDATE fields SET leased_by = ?, leased_until = ? WHERE id = ?", values)

    def _check_lease(self, who: str, field: int, may_be_answered: bool = False) -> sqlite3.Row:
        row: sqlite3.Row | None = self._db.execute(
            "SELECT page, bundle, answer, answered_by, leased_by, leased_until FROM fields WHERE id = ?", (field,)
        ).fetchone()
        if row is None:
            raise LeNetError(f"there is no field {field}")
        if row["answer"] is not None and row["answered_by"] != who and not may_be_answered:
            raise AnsweredElsewhere(f"field {field} was answered by somebody else meanwhile")
        if row["answer"] is None and row["leased_by"] != who and row["leased_until"] > self._clock():
            raise AnsweredElsewhere(f"field {field} is leased to somebody else now")
        return row

    def _log_action(self, who: str, field: int, action: str, text: str, key_presses: int) -> None:
        self._db.execute(
            "INSERT INTO keys (field, who, at, action, text, presses) VALUES (?, ?, ?, ?, ?, ?)",
            (field, who, self._clock(), action, text, key_presses),
        )

    @contextmanager
    def _change(self) -> Iterator[None]:
        """A transaction, of this thread and process alone.

        Raises:
            Unwritable: if it cannot be kept.
        """
        try:
            with self._transaction():
                yield
        except sqlite3.OperationalError as error:
            raise Unwritable(f"the desk's file cannot be written ({error}); what waits is kept when it can") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:  # which SQLite has ended itself where the disk is full
                    self._db.execute("ROLLBACK")
                raise
