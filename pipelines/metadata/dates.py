"""Dates as Chinese portals print them, read strictly: no default year, nothing from the future, no guess."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from functools import lru_cache
from typing import NamedTuple

from dateutil.parser import isoparse
from dateutil.relativedelta import relativedelta

from pipelines.numerals import number, positional

FIRST_YEAR = 1990
"""No portal is older; an earlier year is a number that happens to look like a date."""
_CHINA = timezone(timedelta(hours=8))

_FORMS = {
    **{chr(0xFF10 + i): str(i) for i in range(10)},
    "∶": ":",
    "：": ":",
    "／": "/",
    "．": ".",
    "－": "-",
    "—": "-",
    "–": "-",
    "\u00a0": " ",
    "\u3000": " ",
}
_WIDE = re.compile(f"[{''.join(_FORMS)}]")
_NUMERAL_DATE = re.compile(
    r"([二一][〇零○ＯOoО0一二三四五六七八九]{3})\s*年"
    r"(?:\s*([一二三四五六七八九十]{1,3})\s*月(?:\s*([一二三四五六七八九十]{1,3})\s*日)?)?"
)
_DATE = re.compile(
    r"(?<!\d)((?:19|20)\d\d)\s{0,2}(?:年|-|/|\.)\s{0,2}(\d{1,2})\s{0,2}(?:月|-|/|\.)\s{0,2}(\d{1,2})(?!\d)\s{0,2}日?"
    r"(?:[\sT,]{0,3}(\d{1,2})\s?[:时点]\s?(\d{2})(?!\d))?"
)

_ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9]{2}:[0-9]{2})?")


class PrintedDate(NamedTuple):
    """A date in a line: ISO date or minute, and where in the normalised line it stands."""

    value: str
    start: int
    end: int


def normalise(text: str) -> str:
    """Full-width digits and signs become plain ones, Chinese numerals of years and days digits; length may change.

    >>> normalise("２０２１／１／５，二〇二一年一月二十五日")
    '2021/1/5，2021年1月25日'
    """
    text = _WIDE.sub(_plain, text)  # str.translate takes ten times as long
    if "年" in text:
        text = _NUMERAL_DATE.sub(_in_digits, text)
    return text


def _plain(match: re.Match[str]) -> str:
    return _FORMS[match[0]]


def _in_digits(match: re.Match[str]) -> str:
    year, month, day = match.groups()
    return f"{positional(year)}年" + (f"{_small(month)}月" if month else "") + (f"{_small(day)}日" if day else "")


@lru_cache(maxsize=256)
def _small(numeral: str) -> int | str:
    """A month or day: 十二, and 二三 for the 23rd; what is no number stays as it is."""
    written = number(numeral)
    return written if written is not None else positional(numeral) if "十" not in numeral else numeral


def find_dates(text: str, not_after: str | None = None) -> list[PrintedDate]:
    """Every whole date (year, month and day) in a line, normalised first.

    `not_after` is an ISO date or instant, the page's capture time; later dates, and days that do not exist, are left out.
    """
    found: list[PrintedDate] = []
    if not ("20" in text or "19" in text or "年" in text or "２" in text or "１" in text):
        return found
    for match in _DATE.finditer(normalise(text)):
        year, month, day, hour, minute = match.groups()
        value = f"{year}-{int(month):02}-{int(day):02}"
        if hour is not None and int(hour) < 24 and int(minute) < 60:
            value += f" {int(hour):02}:{minute}"
        if is_date(value, not_after):
            found.append(PrintedDate(value, match.start(), match.end()))
    return found


def is_date(value: str, not_after: str | None = None) -> bool:
    """Whether an ISO date or minute exists, is no older than the portals, and not later than `not_after` by over a day."""
    try:
        day = datetime.fromisoformat(value).date() if _ISO.fullmatch(value) else date.min
        return day.year >= FIRST_YEAR and (not not_after or day <= _latest_day(not_after))
    except ValueError:
        return False


@lru_cache(maxsize=64)
def _latest_day(not_after: str) -> date:
    """Portals print Beijing time and captures are dated in UTC: what a page prints may be a day ahead."""
    return isoparse(not_after[:10]).date() + relativedelta(days=1)


def first_date(text: str | None, not_after: str | None = None) -> str | None:
    """The first whole date in a text, or None."""
    if not text:
        return None
    return next((d.value for d in find_dates(text, not_after)), None)


def china_time(epoch_ms: int) -> str:
    """A moment in milliseconds since 1970 as the minute that a clock in China shows.

    >>> china_time(1704445200000)
    '2024-01-05 17:00'
    """
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")
