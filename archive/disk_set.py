"""A set that may outgrow memory."""

from __future__ import annotations

import sqlite3
from collections.abc import Container


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
