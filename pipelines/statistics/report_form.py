"""Which form a report follows. Rules: docs/form.md, Tables by form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from archive.forms import NATIONAL_FORMS, normalised
from archive.vocabulary import Form
from pipelines.tables.report_table import ReportTable

_SECTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        r"^总体情况$",
        r"^主动公开政府信息(?:的)?情况$",
        r"收到和处理政府信息公开申请",
        r"行政(?:法)?复议(?:和|及)?.{0,8}行政诉讼.{0,8}情况$",
        r"存在(?:的)?(?:主要)?问题及改进",
        r"其他需要报告的?事项",
    )
)
"""Headings that the national forms fix."""
_SECTIONS_OF_A_FORM = 4
_NOTICES = ((Form.NATIONAL_2021, re.compile(r"2021\D?30号")), (Form.NATIONAL_2019, re.compile(r"2019\D?60号")))
"""The notices that issued the forms, as reports cite them."""


def form_of(tables: Sequence[ReportTable], paragraphs: list[str], report_year: int | None) -> Form:
    """The form of the tables; where two and three are of two generations, the one in force in the report's year.

    Without a table: six fixed sections are a national form, and the year or the notice that the report cites says which.
    """
    in_force = _form_in_force(report_year)
    national = {table.table_no: table.form for table in tables if table.form and table.form in NATIONAL_FORMS}
    if national:
        return _form_of_national(national, in_force)
    annex = next((table.form for table in tables if table.table_no == 1), None)
    if annex:
        return annex
    if _has_sections(paragraphs) or any(table.table_no in (3, 4) for table in tables):
        return _form_without_tables(paragraphs, report_year)
    return Form.NARRATIVE


def _form_in_force(report_year: int | None) -> Form | None:
    if report_year is None or report_year < 2019:
        return None
    return Form.NATIONAL_2019 if report_year < 2021 else Form.NATIONAL_2021


def _form_of_national(by_number: dict[int, Form], in_force: Form | None) -> Form:
    forms = set(by_number.values())
    if len(forms) == 1:
        return forms.pop()
    return in_force or by_number.get(2) or by_number[3]


def _has_sections(paragraphs: list[str]) -> bool:
    """Whether most of the headings are those that the national forms fix."""
    headings = {normalised(text) for text in paragraphs if len(text) < 40}
    found = sum(any(pattern.search(heading) for heading in headings) for pattern in _SECTIONS)
    return found >= _SECTIONS_OF_A_FORM


def _form_without_tables(paragraphs: list[str], report_year: int | None) -> Form:
    """The national form of the report's year; where the year is not known, the one whose notice the report cites."""
    if report_year is not None:
        return _form_in_force(report_year) or Form.NARRATIVE
    cited = (form for form, notice in _NOTICES if any(notice.search(_without_spaces(text)) for text in paragraphs))
    return next(cited, Form.NARRATIVE)


@lru_cache(maxsize=64)
def _without_spaces(text: str) -> str:
    return re.sub(r"\s", "", text)
