"""Documents while they are gathered from captures and entries: a private database on disk, so that memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterable, Iterator
from itertools import groupby

DocumentKey = tuple[str, str]
"""Portal, and the document's key on it."""

_MOST_MOVES = 20
"""Redirects that are followed, as many as browsers do: a chain of thousands would be walked from each of its links."""
_TARGET = "SELECT target FROM redirects WHERE url = ?"
_SCHEMA = """
CREATE TABLE owners (url TEXT PRIMARY KEY, portal TEXT, key TEXT) WITHOUT ROWID;
CREATE TABLE redirects (url TEXT PRIMARY KEY, target TEXT) WITHOUT ROWID;
CREATE TABLE addresses (portal TEXT, key TEXT, url TEXT, PRIMARY KEY (portal, key, url)) WITHOUT ROWID;
"""


class DocumentIndex:
    """Which document an address belongs to, which addresses redirect, and under which addresses a document is found."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("")
        self.db.executescript(_SCHEMA)
        self._has_redirects = False

    def assign(self, url: str, document: DocumentKey) -> DocumentKey:
        """Make `document` the owner of an address, unless it has one; returns its owner."""
        if self.db.execute("INSERT OR IGNORE INTO owners VALUES (?, ?, ?)", (url, *document)).rowcount:
            return document
        portal, key = self.db.execute("SELECT portal, key FROM owners WHERE url = ?", (url,)).fetchone()
        return portal, key

    def add_redirect(self, url: str, target: str) -> None:
        """The address redirects to another."""
        self._has_redirects = True
        self.db.execute("INSERT OR REPLACE INTO redirects VALUES (?, ?)", (url, target))

    def end_redirect(self, url: str) -> None:
        """The address has the document itself again."""
        if self._has_redirects:
            self.db.execute("DELETE FROM redirects WHERE url = ?", (url,))

    def is_redirect(self, url: str) -> bool:
        """Whether the address redirects to another."""
        return self.db.execute("SELECT 1 FROM redirects WHERE url = ?", (url,)).fetchone() is not None

    def add_address(self, document: DocumentKey, url: str) -> None:
        """The document is found at this address."""
        self.db.execute("INSERT OR IGNORE INTO addresses VALUES (?, ?, ?)", (*document, url))

    def resolve_redirects(self) -> None:
        """Add every address that redirects to a document, directly or over some others, to the document's addresses."""
        for (url,) in self.db.execute("SELECT url FROM redirects").fetchall():
            target, passed = url, {url}
            while len(passed) <= _MOST_MOVES and (row := self.db.execute(_TARGET, (target,)).fetchone()):
                target = row[0]
                if target in passed:
                    break
                passed.add(target)
            owner = self.db.execute("SELECT portal, key FROM owners WHERE url = ?", (target,)).fetchone()
            if owner:
                self.add_address(owner, url)

    def __iter__(self) -> Iterator[tuple[DocumentKey, list[str]]]:
        """Each document with its addresses, by portal and key."""
        rows = self.db.execute("SELECT portal, key, url FROM addresses ORDER BY portal, key, url")
        for document, group in groupby(rows, key=lambda row: (row[0], row[1])):
            yield document, [url for _, _, url in group]

    def __len__(self) -> int:
        """How many documents there are."""
        return int(self.db.execute("SELECT COUNT(*) FROM (SELECT DISTINCT portal, key FROM addresses)").fetchone()[0])


class DiskSet(Collection[str]):
    """A set of texts in a private database on disk, which ends with the process."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("")
        self.db.execute("CREATE TABLE texts (text TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, text: str) -> None:
        """Add a text."""
        self.db.execute("INSERT OR IGNORE INTO texts VALUES (?)", (text,))

    def update(self, texts: Iterable[str]) -> None:
        """Add several texts."""
        self.db.executemany("INSERT OR IGNORE INTO texts VALUES (?)", ((text,) for text in texts))

    def __iter__(self) -> Iterator[str]:
        for (text,) in self.db.execute("SELECT text FROM texts ORDER BY text"):
            yield text

    def __len__(self) -> int:
        return int(self.db.execute("SELECT COUNT(*) FROM texts").fetchone()[0])

    def __contains__(self, text: object) -> bool:
        return self.db.execute("SELECT 1 FROM texts WHERE text = ?", (text,)).fetchone() is not None
