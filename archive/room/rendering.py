"""What every page of the reading room shares: its language, its template, and its data as JSON and CSV."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from typing import Any
from urllib.parse import quote, urlencode

from datasette.utils.asgi import AsgiStream, Response

from archive.room import chart_images, error_reports
from archive.room import vocabulary_bilingual as vocabulary
from archive.room.database_access import portal_titles
from archive.room.request_parameters import all_given
from archive.room.untrusted_text import csv_lines, shown
from archive.room.vocabulary_bilingual import Bilingual

CSP = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'self'; frame-src 'self';"
    " frame-ancestors 'self'; base-uri 'none'"
)
"""No script at all runs on these pages."""
IMAGE_CSP = "default-src 'none'; style-src 'unsafe-inline'"
LANGUAGES = ("zh", "en")


class NoFontError(Exception):
    """No font is here that a picture could be drawn with."""


def url_part(text: object) -> str:
    """A name as one part of an address, percent-encoded."""
    return quote(str(text), safe="-_.~")


def language(request: Any) -> str:
    """`zh` or `en`: by the switch (remembered in a cookie), else by Accept-Language, else Chinese."""
    for chosen in (request.args.get("lang"), request.cookies.get("lang")):
        if chosen in LANGUAGES:
            return str(chosen)
    wanted: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "").split(","):
        found = re.match(r"\s*([a-zA-Z]{2,3})[\w-]*\s*(?:;\s*q\s*=\s*([01](?:\.\d{1,3})?))?\s*$", part)
        if found:
            wanted.append((-float(found[2] or 1), found[1].lower()))
    return next((name for q, name in sorted(wanted, key=lambda pair: pair[0]) if name in LANGUAGES and q < 0), "zh")


class Translator:
    """The language of one answer, as templates use it: `t("中文", "English")`, and the names of portals."""

    def __init__(self, lang: str, portals: Mapping[str, str] | None = None) -> None:
        self.lang = lang
        self.portals = portals or {}

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def pair(self, pair: Bilingual) -> str:
        """One of a pair."""
        return self(*pair)

    def value(self, field: str, value: object) -> str:
        """A value of a field in words; as it is where it has none."""
        if value is None or value == vocabulary.NOT_STATED:
            return self("未说明", "not stated")
        if field == "portal":
            return shown(self.portals.get(str(value)) or value)
        pair = vocabulary.VALUES.get(field, {}).get(str(value))
        return self.pair(pair) if pair else shown(value)

    def cause(self, cause: str) -> str:
        """Why something was not read, as readers of pages say it in English."""
        return vocabulary.cause_in_english(cause) if self.lang == "en" else vocabulary.cause_in_chinese(cause)

    def label(self, name: str) -> str:
        """A row or column of the tables."""
        return shown(self.pair(vocabulary.label_of(name)))


def number(value: Any, *, share: bool = False) -> str:
    """A number for a table: shares in per cent, a blank as a dash."""
    if value is None or value == "":
        return "–"
    if share:
        return f"{value * 100:.1f}%"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.6f}".rstrip("0")
    return f"{int(value):,}"


def origin(datasette: Any, request: Any) -> str:
    """Scheme and host that visitors use; the setting force_https_urls says that a web server in front speaks TLS."""
    scheme = "https" if datasette.setting("force_https_urls") else request.scheme
    return f"{scheme}://{request.host}"


async def page(datasette: Any, request: Any, template: str, context: dict[str, Any], status: int = 200) -> Response:
    """A page of the reading room from its template; `formats` in the context names its other formats."""
    lang = language(request)
    portals = {} if status >= 400 else await portal_titles(datasette)  # what is wrong may be the database
    other = "en" if lang == "zh" else "zh"
    switch = f"{request.path}?{urlencode([*all_given(request, 'lang'), ('lang', other)])}"
    context = context | {
        "t": Translator(lang, portals),
        "lang": lang,
        "vocabulary": vocabulary,
        "switch": switch,
        "number": number,
        "has_captures": "captures" in datasette.databases,
        "takes_errors": error_reports.address() is not None,
        "origin": origin(datasette, request),
        "address_asked": request.path,
        "can_draw": chart_images.font() is not None,
        "alternates": {name: as_format(request, name) for name in context.get("formats", ())},
    }
    request.scope.setdefault("csrftoken", str)  # Datasette asks for it; there is none where middleware of ours answers
    body = await datasette.render_template(f"room/{template}.html", context, request=request)
    response = Response.html(body, status=status)
    response.headers |= {"Content-Security-Policy": CSP, "Vary": "Accept-Language, Cookie", "Content-Language": lang}
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", lang, max_age=365 * 86400, httponly=True)
    return response


def asked(request: Any, **more: str) -> str:
    """The parameters of the page at hand but language and page, and more of them, as the end of an address."""
    query = urlencode([*all_given(request, "lang", "page", *more), *more.items()])
    return f"?{query}" if query else ""


def as_format(request: Any, name: str, **more: str) -> str:
    """The address of the page at hand in another format (json, csv, svg), with more parameters."""
    return f"{request.path}.{name}{asked(request, **more)}"


def as_json(value: Any) -> Response:
    """JSON in UTF-8."""
    return Response(json.dumps(value, ensure_ascii=False, default=str), content_type="application/json; charset=utf-8")


def as_csv(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> Response:
    """A CSV file of these columns."""
    text = "".join(csv_lines(names, ([row.get(name) for name in names] for row in rows)))
    return Response(text, content_type="text/csv; charset=utf-8")


async def as_image(request: Any, name: str, svg: str) -> Response | None:
    """A chart as a file; None where there is none."""
    if not svg:
        return None
    if name == "svg":
        drawn: str | bytes | None = chart_images.standalone(svg)
    else:
        is_preview = request.args.get("preview") == "1"
        drawn = await asyncio.to_thread(chart_images.png, svg, preview=is_preview)
    if drawn is None:
        raise NoFontError
    kind = "image/svg+xml; charset=utf-8" if name == "svg" else "image/png"
    return Response(drawn, content_type=kind, headers={"Content-Security-Policy": IMAGE_CSP})


def chart_files(request: Any, **asks: str) -> dict[str, str]:
    """Format → address of the chart of the page at hand; PNG only where this server can draw it."""
    formats = ("svg", "png", "csv") if chart_images.font() else ("svg", "csv")
    return {name: as_format(request, name, lang=language(request), **asks) for name in formats}


Batches = AsyncGenerator[list[dict[str, Any]], None]


async def _started(batches: Batches) -> tuple[list[dict[str, Any]], Batches]:
    """The first batch, read before anything is sent: what fails until then becomes a page that says so."""
    return await anext(batches, []), batches


async def csv_of_all(names: Sequence[str], batches: Batches) -> AsgiStream:
    """A CSV file of these columns with every row, sent as it is read; without a row, its header."""
    first, rest = await _started(batches)

    async def send(out: Any) -> None:
        await out.write("".join(csv_lines(names, ([row.get(name) for name in names] for row in first))))
        async with aclosing(rest):
            async for batch in rest:
                lines = csv_lines(names, ([row.get(name) for name in names] for row in batch))
                next(lines)
                await out.write("".join(lines))

    return AsgiStream(send, content_type="text/csv; charset=utf-8")


async def json_of_all(facts: dict[str, Any], name: str, batches: Batches) -> AsgiStream:
    """JSON with these facts and, under `name`, every row, sent as it is read."""
    first, rest = await _started(batches)
    head = json.dumps(facts, ensure_ascii=False, default=str).removesuffix("}")
    head += (", " if facts else "") + f"{json.dumps(name)}: ["

    async def send(out: Any) -> None:
        await out.write(head + ",\n".join(map(_as_text, first)))
        async with aclosing(rest):
            async for batch in rest:
                await out.write("".join(",\n" + _as_text(row) for row in batch))
        await out.write("]}")

    return AsgiStream(send, content_type="application/json; charset=utf-8")


def _as_text(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, default=str)
