"""What every page of the reading room shares: its language, its template, its forms as JSON and CSV."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any
from urllib.parse import quote, urlencode

from datasette.utils import sqlite_timelimit
from datasette.utils.asgi import Response

from archive.room import words
from archive.room.plain import csv_lines

CSP = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; form-action 'self'; frame-src 'self';"
    " frame-ancestors 'self'; base-uri 'none'"
)
"""No script at all runs on these pages."""
LANGUAGES = ("zh", "en")


def path(text: object) -> str:
    """A name as part of an address."""
    return quote(str(text), safe="-_.~")


def language(request: Any) -> str:
    """Zh or en: by the switch (kept in a cookie), else by Accept-Language, else Chinese."""
    for chosen in (request.args.get("lang"), request.cookies.get("lang")):
        if chosen in LANGUAGES:
            return str(chosen)
    wanted: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "").split(","):
        found = re.match(r"\s*([a-zA-Z]{2,3})[\w-]*\s*(?:;\s*q\s*=\s*([01](?:\.\d{1,3})?))?\s*$", part)
        if found:
            wanted.append((-float(found[2] or 1), found[1].lower()))
    return next((name for q, name in sorted(wanted, key=lambda pair: pair[0]) if name in LANGUAGES and q < 0), "zh")


class Words:
    """The language of one answer, as templates use it: `t("中文", "English")`."""

    def __init__(self, lang: str) -> None:
        self.lang = lang

    def __call__(self, zh: str, en: str) -> str:
        return zh if self.lang == "zh" else en

    def pair(self, pair: Sequence[str]) -> str:
        """One of a pair."""
        return self(pair[0], pair[1])

    def value(self, field: str, value: object) -> str:
        """A value of a field in words; what has no word as it is."""
        if value is None or value == "-":
            return self("未说明", "not stated")
        pair = words.VALUES.get(field, {}).get(str(value))
        return self.pair(pair) if pair else str(value)

    def label(self, name: str) -> str:
        """A row or column of the tables."""
        return self.pair(words.label(name))


def number(value: Any, *, share: bool = False) -> str:
    """A number for a table: shares in per cent, blanks as a dash."""
    if value is None or value == "":
        return "–"
    if share:
        return f"{value * 100:.1f}%"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:,.6f}".rstrip("0")
    return f"{int(value):,}"


def origin(datasette: Any, request: Any) -> str:
    """Scheme and host that visitors use: behind a web server that speaks TLS, the setting force_https_urls says so."""
    scheme = "https" if datasette.setting("force_https_urls") else request.scheme
    return f"{scheme}://{request.host}"


async def page(datasette: Any, request: Any, template: str, context: dict[str, Any], status: int = 200) -> Response:
    """A page of the reading room."""
    lang = language(request)
    kept = [(key, value) for key in request.args for value in request.args.getlist(key) if key != "lang"]
    other = "en" if lang == "zh" else "zh"
    switch = f"{request.path}?{urlencode([*kept, ('lang', other)])}"
    context = context | {
        "t": Words(lang),
        "lang": lang,
        "words": words,
        "switch": switch,
        "number": number,
        "has_captures": "captures" in datasette.databases,
        "alternates": {f: other_form(request, f) for f in context.get("forms", ())},
    }
    body = await datasette.render_template(f"room/{template}.html", context, request=request)
    response = Response.html(body, status=status)
    response.headers |= {"Content-Security-Policy": CSP, "Vary": "Accept-Language, Cookie", "Content-Language": lang}
    if request.args.get("lang") in LANGUAGES:
        response.set_cookie("lang", lang, max_age=365 * 86400, httponly=True)
    return response


def other_form(request: Any, form: str) -> str:
    """The page at hand as JSON or CSV."""
    query = urlencode([(k, v) for k in request.args for v in request.args.getlist(k) if k not in {"lang", "page"}])
    return f"{request.path}.{form}" + (f"?{query}" if query else "")


def as_json(value: Any) -> Response:
    """JSON in UTF-8."""
    return Response(json.dumps(value, ensure_ascii=False, default=str), content_type="application/json; charset=utf-8")


def as_csv(names: Sequence[str], rows: Iterable[dict[str, Any]]) -> Response:
    """A CSV file of these columns."""
    text = "".join(csv_lines(names, ([row.get(name) for name in names] for row in rows)))
    return Response(text, content_type="text/csv; charset=utf-8")


def limited(work: Callable[[Any], Any], ms: int) -> Callable[[Any], Any]:
    """`work` on a connection, broken off when it takes longer."""

    def within(connection: Any) -> Any:
        with sqlite_timelimit(connection, ms):
            return work(connection)

    return within
