"""Documents while they are gathered from captures and entries: a private database on disk, so that memory stays flat."""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterator
from itertools import groupby

Document = tuple[str, str]
"""Portal and key."""


class DocumentIndex:
    """Which document each address belongs to, where addresses have moved, and where documents have been found."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("")
        self.db.executescript(
            "CREATE TABLE pages (url TEXT PRIMARY KEY, portal TEXT, key TEXT) WITHOUT ROWID;"
            "CREATE TABLE moved (url TEXT PRIMARY KEY, target TEXT) WITHOUT ROWID;"
            "CREATE TABLE found (portal TEXT, key TEXT, url TEXT, PRIMARY KEY (portal, key, url)) WITHOUT ROWID;"
        )

    def belongs(self, url: str, document: Document) -> Document:
        """Say whose address it is, if nobody has yet; returns whose it is."""
        self.db.execute("INSERT OR IGNORE INTO pages VALUES (?, ?, ?)", (url, *document))
        portal, key = self.db.execute("SELECT portal, key FROM pages WHERE url = ?", (url,)).fetchone()
        return portal, key

    def move(self, url: str, target: str) -> None:
        """The address leads to another."""
        self.db.execute("INSERT OR REPLACE INTO moved VALUES (?, ?)", (url, target))

    def has_moved(self, url: str) -> bool:
        """Whether the address leads to another."""
        return self.db.execute("SELECT 1 FROM moved WHERE url = ?", (url,)).fetchone() is not None

    def find(self, document: Document, url: str) -> None:
        """The document is to be had at this address."""
        self.db.execute("INSERT OR IGNORE INTO found VALUES (?, ?, ?)", (*document, url))

    def follow(self) -> None:
        """Count addresses that lead to a document, at once or over others, among its own."""
        for (url,) in self.db.execute("SELECT url FROM moved").fetchall():
            target, passed = url, {url}
            while row := self.db.execute("SELECT target FROM moved WHERE url = ?", (target,)).fetchone():
                target = row[0]
                if target in passed:
                    break
                passed.add(target)
            document = self.db.execute("SELECT portal, key FROM pages WHERE url = ?", (target,)).fetchone()
            if document:
                self.find(document, url)

    def __iter__(self) -> Iterator[tuple[Document, list[str]]]:
        """Each document with its addresses, by portal and key."""
        rows = self.db.execute("SELECT portal, key, url FROM found ORDER BY portal, key, url")
        for document, group in groupby(rows, key=lambda row: (row[0], row[1])):
            yield document, [url for _, _, url in group]

    def __len__(self) -> int:
        """How many documents there are."""
        return int(self.db.execute("SELECT COUNT(*) FROM (SELECT DISTINCT portal, key FROM found)").fetchone()[0])


class DiskSet(Container[str]):
    """Texts in a private database on disk, gone with the process."""

    def __init__(self) -> None:
        self.db = sqlite3.connect("")
        self.db.execute("CREATE TABLE texts (text TEXT PRIMARY KEY) WITHOUT ROWID")

    def add(self, text: str) -> None:
        """Add one."""
        self.db.execute("INSERT OR IGNORE INTO texts VALUES (?)", (text,))

    def __contains__(self, text: object) -> bool:
        return self.db.execute("SELECT 1 FROM texts WHERE text = ?", (text,)).fetchone() is not None
