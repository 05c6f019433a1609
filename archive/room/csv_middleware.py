"""Datasette's CSV answers without formulas that a spreadsheet would run."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Awaitable, Callable
from typing import Any

from archive.room.untrusted_text import csv_lines

csv.field_size_limit(100_000_000)  # a report can be longer than the module's 128 KiB


class CsvWithoutFormulas:
    """ASGI middleware: rewrites every CSV answer, record by record as it is streamed."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Callable[[Any], Awaitable[None]]) -> None:
        """Rewrites CSV; passes everything else through."""
        records: _Records | None = None

        async def safe(message: Any) -> None:
            nonlocal records
            if message["type"] == "http.response.start":
                headers = dict(message["headers"])
                is_csv = scope.get("path", "").endswith(".csv") and message["status"] == 200
                if is_csv and headers.get(b"content-type", b"").startswith((b"text/csv", b"text/plain")):
                    records = _Records()
                    headers_left = [(k, v) for k, v in message["headers"] if k.lower() != b"content-length"]
                    message = message | {"headers": headers_left}
            elif message["type"] == "http.response.body" and records is not None:
                more = message.get("more_body", False)
                message = message | {"body": records.feed(message.get("body", b""), last=not more)}
            await send(message)

        await self.app(scope, receive, safe)


class _Records:
    """Splits a stream into whole records; a line break within quotes does not end one."""

    def __init__(self) -> None:
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
        return "".join(csv_lines(rows[0], rows[1:])).encode() if rows else b""
