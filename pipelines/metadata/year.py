"""The year that a report covers: period of its statistics, title, preamble (docs/form.md, Titles, bodies and scope)."""

from __future__ import annotations

import re

from archive.model import Problem
from archive.vocabulary import ProblemKind
from pipelines.metadata.dates import normalise
from pipelines.metadata.titles import TITLE_YEAR

FIRST_REPORT_YEAR = 2007
"""The 政府信息公开条例 took effect on 2008-05-01; some agencies report on the year before (docs/form.md, Deadlines)."""
_PREAMBLE = 4
"""Paragraphs at the head of a report that may name its year."""

_PERIOD_END = re.compile(r"月\s*(?:31|３１)")
_LONGEST_PERIOD = 60
"""Characters from the first day of a period to its last: 2020年1月1日起至2020年12月31日, with blanks."""
_PERIOD = re.compile(
    r"(?<!\d)(20\d\d)\s*年\s*0?1\s*月\s*0?1\s*日?\s*(?:0时)?\s*起?\s*[,，]?\s*(?:至|到|止|[-—－–~～]+)\s*"
    r"(?:(20\d\d)\s*年\s*)?12\s*月\s*31\s*日?"
)
_NAMED_YEAR = re.compile(
    r"(?<!\d)(20\d\d)\s*年\s*度?[^。;；\d]{0,30}?(?:信息公开|政务公开)[^。;；\d]{0,16}?(?:报告|年报)|"
    r"(?:信息公开|政务公开)[^。;；\d]{0,12}?(?<!\d)(20\d\d)\s*年\s*度?(?:工作)?(?:年度)?(?:报告|年报)"
)
_OPENING_YEAR = re.compile(r"^(?:[一1][、.]\s*+\S{0,8})?\s*+(20\d\d)\s*年(?:度|以来)?\s*[,，]")


def read_year(title: str | None, paragraphs: list[str], date: str | None) -> tuple[int | None, list[Problem]]:
    """The report year: what the period of the statistics, the title and the preamble say, in that order of trust.

    The last sections do not count: their prose is often copied from one year to the next. Where period and title
    differ, the one that precedes the year of publication (`date`, ISO) by one decides; where that does not decide
    either, there is no year.
    """
    period = _year_of_period(paragraphs)
    stated = _year_of_title(title, date)
    if period and stated and period != stated:
        before = int(date[:4]) - 1 if date else None
        message = f"report year: the period of the statistics says {period}, the title {stated}"
        return before if before in (period, stated) else None, [Problem(kind=ProblemKind.UNSURE, message=message)]
    year = period or stated or _year_of_preamble(paragraphs[:_PREAMBLE])
    if year:
        return year, []
    message = "neither period, title nor preamble names the report year"
    return None, [Problem(kind=ProblemKind.NO_YEAR, message=message)]


def impossible(year: int, captured_at: str | None) -> bool:
    """Whether no report can be on a year: it lies before the 条例 or after the capture."""
    latest = int(captured_at[:4]) if captured_at else year
    return not FIRST_REPORT_YEAR <= year <= latest


def _year_of_period(paragraphs: list[str]) -> int | None:
    """The one year whose first and last day the text names as a period; None where it names several."""
    text = "\n".join(paragraphs)
    years = set()
    for end in _PERIOD_END.finditer(text):
        match = _PERIOD.search(normalise(text[max(0, end.start() - _LONGEST_PERIOD) : end.end() + 4]))
        if match and (not match[2] or match[1] == match[2]):
            years.add(int(match[1]))
    return years.pop() if len(years) == 1 else None


def _year_of_title(title: str | None, date: str | None) -> int | None:
    """The year that a title names; of several the first, if it is over by the date of publication."""
    named = [int(year) for year in TITLE_YEAR.findall(normalise(title or ""))]
    if len(set(named)) == 1 or (named and date and int(date[:4]) > named[0]):
        return named[0]
    return None


def _year_of_preamble(paragraphs: list[str]) -> int | None:
    """The year that the preamble gives the report, else the one that a paragraph opens with."""
    plain = [normalise(paragraph) for paragraph in paragraphs]
    for paragraph in plain:
        if match := _NAMED_YEAR.search(paragraph):
            return int(match[1] or match[2])
    opening = next((match for paragraph in plain if (match := _OPENING_YEAR.match(paragraph))), None)
    return int(opening[1]) if opening else None
