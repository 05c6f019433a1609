"""What a visitor reads when there is no answer: why, in their language, as a page, JSON or a line of text."""

from __future__ import annotations

import errno
import logging
import sqlite3
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

from datasette.utils.asgi import Base400, Forbidden, NotFound, Response
from datasette.views.base import DatasetteError

from archive.room.captured_pages import DamagedError, WithheldError
from archive.room.data_pages import sql_error
from archive.room.database_access import query
from archive.room.rendering import NoFontError, Translator, as_json, language, page
from archive.room.request_parameters import MAX_PARAMETER, BadParameterError
from archive.room.vocabulary_bilingual import MESSAGES
from archive.vocabulary import Fate

_LOG = logging.getLogger(__name__)
_UNCHECKED = (ValueError, LookupError, AttributeError, TypeError, AssertionError, sqlite3.ProgrammingError)
"""What Datasette's own pages raise over a parameter that they use unchecked (`_timelimit=x`, `_sort=x`, `%00`)."""


class BusyError(Exception):
    """A query takes too long, or the archive changes faster than it can be read."""


async def message(datasette: Any, request: Any, what: str, status: int, detail: str = "") -> Response:
    """An answer that says what is the matter; `what` is a key of MESSAGES, `detail` what a program said of it."""
    title, sentence = MESSAGES[what]
    t = Translator(language(request))
    if request.path.endswith(".json"):
        said = {"ok": False, "status": status, "error": t.pair(sentence)} | ({"detail": detail} if detail else {})
        response = as_json(said)
        response.status = status
        return response
    if request.path.endswith((".csv", ".txt", ".atom", ".svg", ".png")):
        return Response.text(f"{t.pair(sentence)}\n{detail}".strip() + "\n", status=status)
    return await page(
        datasette, request, "message", {"title": title, "sentence": sentence, "detail": detail, "what": what}, status
    )


def with_error_pages(handler: Callable[..., Any]) -> Callable[..., Any]:
    """The handler, with pages for what is not there (it returns None), takes too long, is damaged or is asked wrongly."""

    async def answer(datasette: Any, request: Any) -> Any:
        try:
            found = await handler(datasette, request)
        except _ANSWERED as error:
            return await of_exception(datasette, request, error)
        if found is not None:
            return found
        if cause := await _withheld_report(datasette, request):
            return await message(datasette, request, "withheld", 451, cause)
        return await message(datasette, request, "missing", 404)

    return answer


_OF_SQL = (DatasetteError, Base400, sqlite3.DataError)
"""What is said of a query, in English."""
_ANSWERED = (BadParameterError, BusyError, sqlite3.OperationalError, DamagedError, WithheldError, NoFontError)
_WITHHELD_REPORT = f"SELECT cause FROM unreported WHERE portal = ? AND key = ? AND fate = '{Fate.WITHHELD}'"  # noqa: S608 - a constant


async def _withheld_report(datasette: Any, request: Any) -> str:
    """Since when and why the report that is asked for is withheld; empty where it is not."""
    name, _, key = request.url_vars.get("id", "").partition("-")
    if not request.path.startswith("/report/") or not key:
        return ""
    row = await query(datasette, lambda db: db.execute(_WITHHELD_REPORT, (name, key)).fetchone())
    return row[0] if row else ""


async def of_exception(datasette: Any, request: Any, exception: Exception) -> Response:
    """The answer in place of one that failed."""
    what, status, detail = _kind(exception)
    if what == "bad" and isinstance(exception, _OF_SQL):
        detail = sql_error(detail, language(request))
    if isinstance(exception, sqlite3.ProgrammingError) and "pks" in request.url_vars:
        what, status = "missing", 404  # the address of a row names fewer columns than the table's key has
    if what == "failed":
        if isinstance(exception, _UNCHECKED) and (request.query_string or "." in request.path):
            _LOG.warning("%s cannot be answered: %r", request.full_path, exception)
            what, status = "bad", 400
        else:
            _LOG.error("%s failed", request.path, exc_info=exception)
    if what == "bad" and not detail:
        detail = unquote_plus(request.query_string)[:MAX_PARAMETER]
    return await message(datasette, request, what, status, detail)


def _kind(exception: Exception) -> tuple[str, int, str]:
    """A key of MESSAGES, the status, and what may be said besides: never a path of this machine."""
    match exception:
        case BadParameterError():
            return "bad", 400, f"{exception.name}={exception.value}"
        case BusyError():
            return "busy", 503, ""
        case NoFontError():
            return "no_font", 404, ""
        case WithheldError():
            return "withheld", 451, str(exception)
        case DamagedError():
            return "damaged", 500, str(exception)
        case NotFound():
            return "missing", 404, ""
        case Forbidden():
            return "forbidden", 403, ""
        case sqlite3.OperationalError() if "interrupted" in str(exception):
            return "busy", 503, ""
        case OSError() if exception.errno == errno.ENAMETOOLONG:  # of a file that is asked for
            return "missing", 404, ""
        case MemoryError():
            return "busy", 400, ""
        case sqlite3.DataError():  # a value larger than SQL may make
            return "bad", 400, str(exception)
        case DatasetteError() if exception.status == 404:
            return "missing", 404, ""
        case DatasetteError() if "time limit" in str(exception.message) or exception.title == "SQL Interrupted":
            return "busy", 503, ""
        case DatasetteError() if not isinstance(exception.__context__, sqlite3.DatabaseError) or exception.status < 500:
            return "bad", 400, "" if exception.message_is_html else str(exception.message)
        case Base400():
            return "bad", 400, str(exception.args[0])
    return "failed", 500, ""
