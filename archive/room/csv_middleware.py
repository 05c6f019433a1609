"""CSV answers that spreadsheets open well: no formula that would run, a mark of UTF-8, and every row."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

from archive.room.untrusted_text import csv_lines

csv.field_size_limit(100_000_000)  # a report can be longer than the module's 128 KiB


_PART_OF_TABLE = (b"_size=", b"_next=", b"_stream=")
"""Parameters by which a visitor asks for a part of a table."""


class CsvWithoutFormulas:
    """ASGI middleware: rewrites every CSV answer, record by record as it is streamed.

    It begins with a byte order mark, without which Excel takes UTF-8 for another charset; `_bom=0` leaves it out.
    A table's CSV has every row: Datasette would end it after one page unless asked to stream.
    """

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Rewrites CSV; passes everything else through."""
        records: _Records | None = None
        asks = scope.get("query_string", b"").split(b"&")
        if scope.get("path", "").endswith(".csv") and not any(part.startswith(_PART_OF_TABLE) for part in asks):
            scope = scope | {"query_string": b"&".join(filter(None, [*asks, b"_stream=1"]))}

        async def safe(message: Any) -> None:
            nonlocal records
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                is_csv = scope.get("path", "").endswith(".csv") and message["status"] == 200
                if is_csv and headers.get(b"content-type", b"").startswith((b"text/csv", b"text/plain")):
                    records = _Records(with_mark=b"_bom=0" not in asks)
                    headers_left = [(k, v) for k, v in message["headers"] if k.lower() != b"content-length"]
                    named = [(k, v) for k, v in headers_left if k.lower() != b"content-type"]
                    message = message | {"headers": [*named, (b"content-type", b"text/csv; charset=utf-8")]}
            elif message["type"] == "http.response.body" and records is not None:
                more = message.get("more_body", False)
                message = message | {"body": records.feed(message.get("body", b""), last=not more)}
            await send(message)

        await self.app(scope, receive, safe)


class _Records:
    """Splits a stream into whole records; a line break within quotes does not end one."""

    def __init__(self, *, with_mark: bool) -> None:
        self.mark = codecs.BOM_UTF8 if with_mark else b""
        self.decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.rest = ""

    def feed(self, data: bytes, *, last: bool) -> bytes:
        self.rest += self.decoder.decode(data, final=last)
        end = len(self.rest)
        if not last:
            end = self.rest.rfind("\n") + 1
            while end and self.rest.count('"', 0, end) % 2:
                end = self.rest.rfind("\n", 0, end - 1) + 1
        whole, self.rest = self.rest[:end], self.rest[end:]
        rows = list(csv.reader(io.StringIO(whole, newline="")))
        if not rows:
            return b""
        mark, self.mark = self.mark, b""
        return mark + "".join(csv_lines(rows[0], rows[1:])).encode()
