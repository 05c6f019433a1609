"""The four charts of a body or of a portal over years, and the numbers behind each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from archive.room import charts
from archive.room import key_figures as figures
from archive.room.asked_figures import NEW_FORMS
from archive.room.key_figures import KEY_FIGURES, KeyFigure
from archive.room.rendering import Translator
from archive.room.sum_rows import changed_coverage, marks
from archive.room.vocabulary_bilingual import Bilingual

OUTCOMES: dict[str, Bilingual] = {
    "granted": ("予以公开", "granted"),
    "partially_granted": ("部分公开", "partly granted"),
    "denied": ("不予公开", "denied"),
    "not_provided": ("无法提供", "not provided"),
    "not_processed": ("不予处理", "not processed"),
    "other": ("其他处理", "other"),
}
"""What became of applications, as columns of key_figures."""
CHARTS: dict[str, Bilingual] = {
    "applications": ("历年新收申请", "Applications received, by year"),
    "outcomes": ("办理结果构成", "Outcomes as shares"),
    "contested": ("行政复议、行政诉讼", "Reviews and suits"),
    "deadline": ("发布日期与法定期限相差天数", "Days between the deadline and publication"),
}
"""Name in addresses → title."""
COLUMNS = ("report_year", "series", "value", "verified", "reports")
"""A row of the numbers behind a chart."""
_DRAWN = {"applications": ("applications",), "contested": ("reviews", "suits")}
"""Chart → key figures that it draws as lines."""

Rows = list[dict[str, Any]]
"""Rows of `key_figures.over_years`."""
Line = dict[int, tuple[float, bool]]
"""Year → (value, whether it is verified)."""
Shares = dict[int, tuple[dict[str, float], bool]]
"""Year → (outcome → applications, whether they are verified)."""
Days = dict[int, list[tuple[int, str]]]
"""Year → (days after the deadline, the report in words)."""


@dataclass(slots=True)
class ChartsOverYears:
    """Four charts, as SVG, and their numbers for the tables beside them."""

    years: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    """Years without a report."""
    lines: dict[str, Line] = field(default_factory=dict)
    outcome_names: list[str] = field(default_factory=list)
    outcome_parts: Shares = field(default_factory=dict)
    days: Days = field(default_factory=dict)
    reports: dict[int, int] = field(default_factory=dict)
    """Year → reports that are counted."""
    drawn: dict[str, str] = field(default_factory=dict)
    """Chart → SVG."""

    def rows(self, chart: str) -> Iterator[dict[str, Any]]:
        """The numbers behind a chart."""
        for year, series, value, verified in self._points(chart):
            yield dict(zip(COLUMNS, (year, series, value, verified, self.reports.get(year)), strict=True))

    def _points(self, chart: str) -> Iterator[tuple[int, str, float, bool | None]]:
        for name in _DRAWN.get(chart, ()):
            for year, (value, is_verified) in sorted(self.lines[name].items()):
                yield year, name, value, is_verified
        if chart == "outcomes":
            for year, (parts, is_verified) in sorted(self.outcome_parts.items()):
                for name, value in zip(OUTCOMES, parts.values(), strict=True):
                    yield year, name, value, is_verified
        if chart == "deadline":
            for year, found in sorted(self.days.items()):
                for days, _ in found:
                    yield year, "days_late", days, None


def over_years(t: Translator, whose: str, rows: Rows, *, summed: bool) -> ChartsOverYears:
    """Charts of these reports; a year counts its first report, or with `summed` all of them."""
    by_year: dict[int, Rows] = {}
    for row in rows:
        if row["report_year"] is not None:
            by_year.setdefault(row["report_year"], []).append(row)
    if not by_year:
        return ChartsOverYears()
    years = list(range(min(by_year), max(by_year) + 1))
    counted = by_year if summed else {year: found[:1] for year, found in by_year.items()}
    found = ChartsOverYears(
        years=years,
        gaps=[year for year in years if year not in by_year],
        lines={name: _line(KEY_FIGURES[name], counted) for names in _DRAWN.values() for name in names},
        outcome_names=[t.pair(words) for words in OUTCOMES.values()],
        outcome_parts=_outcome_parts(t, counted),
        days=_days(by_year),
        reports={year: len(of_year) for year, of_year in counted.items()},
    )
    _draw(t, whose, found, summed=summed)
    return found


def _line(key_figure: KeyFigure, by_year: dict[int, Rows]) -> Line:
    """The sum of a key figure in each year that has it; verified if it is in every report."""
    points: Line = {}
    column = f"{key_figure.name}_"
    for year, rows in by_year.items():
        stating = [row for row in rows if row[column] is not None]
        if stating:
            verified = all(figures.is_verified(row, key_figure) for row in stating)
            points[year] = sum(row[column] for row in stating), verified
    return points


def _outcome_parts(t: Translator, by_year: dict[int, Rows]) -> Shares:
    """What became of applications in each year that says how many were processed and granted."""
    found: Shares = {}
    for year, rows in by_year.items():
        stating = [row for row in rows if row["processed"] is not None and row["granted"] is not None]
        if stating:
            parts = {t.pair(words): sum(row[name] or 0 for row in stating) for name, words in OUTCOMES.items()}
            found[year] = parts, all(row["table_three"] == figures.VERIFIED for row in stating)
    return found


def _days(by_year: dict[int, Rows]) -> Days:
    """Days between the deadline and publication of each report."""
    return {
        year: [
            (row["days_late"], f"{row['issuing_body'] or ''} {(row['published'] or '')[:10]}: {row['days_late']:+d}")
            for row in rows
            if row["days_late"] is not None
        ]
        for year, rows in by_year.items()
    }


def breaks_of_forms(t: Translator) -> dict[int, str]:
    """First year → the national form that began in it."""
    return {year: t.value("form", form) for year, form in NEW_FORMS.items()}


def _draw(t: Translator, whose: str, found: ChartsOverYears, *, summed: bool) -> None:
    years = found.years
    titles = {name: f"{whose} · {t.pair(title)}" for name, title in CHARTS.items()}
    breaks = breaks_of_forms(t) | (changed_coverage(t, found.reports) if summed else {})
    cases = t("单位：件", "Unit: cases")

    def words(unit: str, verified: list[bool], broken: dict[int, str]) -> charts.Words:
        return charts.Words(unit, [_source(t, found), *marks(t, years, broken, all_verified=all(verified))])

    for chart, names in _DRAWN.items():
        series = {t.pair(KEY_FIGURES[name].title): found.lines[name] for name in names}
        verified = [is_verified for line in series.values() for _, is_verified in line.values()]
        found.drawn[chart] = charts.lines(
            titles[chart], years, series, breaks=breaks, words=words(cases, verified, breaks)
        )
    verified = [is_verified for _, is_verified in found.outcome_parts.values()]
    of_all = t("各占办理总计的百分比", "Per cent of all processed")
    found.drawn["outcomes"] = charts.stacked(
        titles["outcomes"], years, found.outcome_parts, breaks=breaks, words=words(of_all, verified, breaks)
    )
    days = t("单位：天；高于红线为逾期", "Unit: days; above the red line is late")
    found.drawn["deadline"] = charts.deadlines(titles["deadline"], years, found.days, words=words(days, [], {}))


def _source(t: Translator, found: ChartsOverYears) -> str:
    """How many reports of which years."""
    number, first, last = sum(found.reports.values()), found.years[0], found.years[-1]
    said = t(f"据{number:,}份报告，{first}–{last}年", f"From {number:,} reports, {first}–{last}")
    if not found.gaps:
        return said
    gaps = t("、", ", ").join(map(str, found.gaps))
    return said + t(f"；缺{gaps}年", f"; none of {gaps}")
