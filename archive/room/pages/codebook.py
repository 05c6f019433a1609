"""The codebook: what each row, column, identity, unit and value of the data means."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from archive.room import codebook
from archive.room.codebook import Subject
from archive.room.rendering import as_csv, as_json, page
from archive.room.request_parameters import format_of


async def show(datasette: Any, request: Any) -> Any:
    """The codebook as a page, JSON or CSV."""
    wanted = format_of(request)
    if wanted == "json":
        return as_json(codebook.records())
    if wanted == "csv":
        return as_csv(codebook.COLUMNS, codebook.records())
    entries = codebook.entries()

    def of(*subjects: Subject) -> list[codebook.Entry]:
        return [entry for entry in entries if entry.subject in subjects]

    tables = [
        (table, [entry for entry in of(Subject.ROW, Subject.COLUMN) if _place(entry) == _place(table)])
        for table in of(Subject.TABLE)
    ]
    context = {
        "forms": of(Subject.FORM),
        "tables": tables,
        "derived": of(Subject.DERIVED),
        "identities": of(Subject.IDENTITY),
        "figures": of(Subject.FIGURE, Subject.RATE),
        "units": of(Subject.UNIT),
        "values": [(field, list(found)) for field, found in groupby(of(Subject.VALUE), key=lambda entry: entry.field)],
        "Subject": Subject,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "codebook", context)


def _place(entry: codebook.Entry) -> tuple[str, int | None]:
    return entry.form, entry.table_no
