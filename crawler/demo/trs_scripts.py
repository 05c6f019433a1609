"""TRS portals whose lists are no HTML: rows written by document.writeln, or an XML datastore inside a script."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, ClassVar

from .figures import draw
from .messages import Reply, Request
from .replica import Document
from .trs import Trs

MORE = "/module/recordset"


class TrsWriteln(Trs):
    """Rows are written by script: `document.writeln("<li>…</li>")`, quotes escaped."""

    def rows(self, entries: Sequence[Document]) -> str:
        lines = (self.row(document).replace('"', r"\"").replace("/", r"\/") for document in entries)
        return "<script>\n" + "".join(f'document.writeln("{line}");\n' for line in lines) + "</script>"


class TrsXml(Trs):
    """The column's page holds a group of records as XML in a script; `nextgroup` links the next one by an opaque token."""

    known_quirks: ClassVar[dict[str, str]] = {
        "same-page": "every group holds the first one's records",
        "total-larger": "totalrecord is seven more than there are",
        "empty": "groups after the first are empty though they link on",
        "no-dates": "records have no dates",
    }

    @property
    def numbers(self) -> dict[str, Any]:
        return {"service": self.base + MORE}

    def token(self, number: int) -> str:
        """The opaque token of a group, counted from 1."""
        return f"{draw('token', self.name, number).getrandbits(128):032x}"

    def respond(self, request: Request) -> Reply | None:
        if request.path == MORE:
            tokens = {self.token(n): n for n in range(1, len(self.pages()) + 1)}
            number = tokens.get(request.query.get("param", ""))
            text = f'<?xml version="1.0" encoding="UTF-8"?>\n{self.group(number)}' if number else ""
            return Reply(body=text.encode(), content_type="text/xml;charset=UTF-8") if number else None
        return super().respond(request)

    def listing(self, index: int) -> Reply | None:
        """The column's only page."""
        return self.html(self.page(self.pages()[0], 0, 1), self.newest) if not index else None

    def rows(self, entries: Sequence[Document]) -> str:
        return f'<div id="list"></div>\n<script type="text/xml">{self.group(1)}</script>'

    def row(self, entry: Document) -> str:
        # a group may be asked for from anywhere: its links are absolute
        return re.sub(r'href="\./', f'href="{self.base}{self.column}', super().row(entry))

    def group(self, number: int) -> str:
        """A group of records, counted from 1."""
        pages = self.pages()
        entries = pages[0 if "same-page" in self.quirks else number - 1]
        if "empty" in self.quirks and number > 1:
            entries = []
        following = ""
        if number < len(pages):
            link = f'<a href="{MORE}?param={self.token(number + 1)}"></a>'
            following = f"<nextgroup><![CDATA[{link}]]></nextgroup>\n"
        records = "".join(f"<record><![CDATA[{self.row(document)}]]></record>\n" for document in entries)
        total = len(self.listed) + 7 * ("total-larger" in self.quirks)
        return (
            f"<datastore>\n<totalrecord>{total}</totalrecord>\n<totalpage>{len(pages)}</totalpage>\n{following}"
            f"<recordset>\n{records}</recordset>\n</datastore>"
        )
