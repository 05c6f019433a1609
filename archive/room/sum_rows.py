"""Sums as pages, JSON and CSV show them: of a place, of the country, of a level or kind, each with what it counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from archive.figures import KEY_FIGURES
from archive.room import charts
from archive.room.asked_figures import NEW_FORMS, AskedFigure
from archive.room.rendering import Translator
from archive.sums import STATED, Sum
from archive.vocabulary import Counting

SAME_COVERAGE = 0.1
"""Sums of two years are joined by a line where their numbers of reports differ by no larger share."""
COLUMNS = (
    "report_year",
    "place",
    "new_form",
    "report_scope",
    "counting",
    "reports",
    "bodies_in_hand",
    "bodies_known",
    "bodies_listed_only",
    "verified_three",
    "verified_four",
    *KEY_FIGURES,
    *(f"with_{name}" for name in STATED),
)
"""A row is the part of one scope in the sum of a year; only those that are `counted` may be added up."""


def rows(sums: Iterable[Sum]) -> list[dict[str, Any]]:
    """The parts of these sums, for CSV and JSON."""
    return [
        {
            "report_year": total.year,
            "place": total.place,
            "new_form": total.new_form,
            "report_scope": part.scope,
            "counting": part.counting,
            "reports": part.reports,
            "bodies_in_hand": total.in_hand,
            "bodies_known": total.known,
            "bodies_listed_only": total.listed_only,
            "verified_three": part.verified[3],
            "verified_four": part.verified[4],
            **part.values,
            **{f"with_{name}": number for name, number in part.stated.items()},
        }
        for total in sums
        for part in total.parts
    ]


def of_years(sums: Iterable[Sum]) -> list[Sum]:
    """Those of a known year, the newest first."""
    return [total for total in sums if total.year is not None]


def chart(t: Translator, whose: str, figure: AskedFigure, sums: Sequence[Sum]) -> str:
    """The figure over years as a line that breaks where the form changed; empty without a year that has it."""
    points = {
        total.year: (value, figure.verified(total) == figure.stated(total))
        for total in of_years(sums)
        if total.year is not None and (value := figure.of(total)) is not None
    }
    if not points:
        return ""
    years = range(min(points), max(points) + 1)
    of_figure = [total for total in sums if total.year in points]
    breaks = _changed_coverage(t, figure, of_figure) | {year: t.value("form", form) for year, form in NEW_FORMS.items()}
    stated = sum(figure.stated(total) for total in of_figure)
    counted = sum(total.reports() for total in of_figure)
    sources = [
        t(
            f"据{stated:,}份载有该数的报告（计入的共{counted:,}份）",
            f"From {stated:,} reports that state it, of {counted:,} that are counted",
        ),
        t(f"已有报告的机关占已知机关：{_coverage(of_figure)}", f"Known bodies with a report: {_coverage(of_figure)}"),
        *marks(t, years, breaks, all_verified=all(is_verified for _, is_verified in points.values())),
    ]
    return charts.lines(
        f"{whose} · {t.pair(figure.title)}",
        years,
        {t.pair(figure.title): points},
        share=figure.share,
        breaks=breaks,
        words=charts.Words(t("单位：", "Unit: ") + t.pair(figure.unit), sources),
    )


def marks(t: Translator, years: Sequence[int], breaks: Mapping[int, str], *, all_verified: bool) -> list[str]:
    """What the marks in a chart mean, of those that it has, and where it is from."""
    drawn = [year for year in sorted(breaks) if year in years and year - 1 in years]
    said = []
    if drawn:
        said.append(
            t("虚线：统计格式或报告数改变（", "Dashed: form or coverage changed (")
            + t("、", ", ").join(map(str, drawn))
            + t("）", ")")
        )
    if not all_verified:
        said.append(t("空心或斜线：未经核对", "hollow or hatched: not verified"))
    return [
        *([t("；", "; ").join(said)] if said else ()),
        t("通鉴档案，数字照录原文", "Tongjian archive; figures as printed"),
    ]


def _changed_coverage(t: Translator, figure: AskedFigure, sums: Sequence[Sum]) -> dict[int, str]:
    return changed_coverage(t, {total.year: figure.stated(total) for total in sums if total.year is not None})


def changed_coverage(t: Translator, stated: Mapping[int, int]) -> dict[int, str]:
    """Years of many more or fewer reports than the year before: year → how many."""
    return {
        year: t(f"{before}份报告 → {number}份", f"{before} reports → {number}")
        for year, number in stated.items()
        if (before := stated.get(year - 1)) and abs(number - before) > max(number, before) * SAME_COVERAGE
    }


def _coverage(sums: Sequence[Sum]) -> str:
    shares = [total.coverage for total in sums if total.coverage is not None]
    if not shares:
        return "–"
    low, high = (f"{share:.0%}" for share in (min(shares), max(shares)))
    return low if low == high else f"{low}–{high}"


def part_of(total: Sum, counting: Counting) -> list[dict[str, Any]]:
    """Scope, reports and values of the parts that are counted, within others, or apart."""
    return [
        {"scope": part.scope, "reports": part.reports, "values": part.values, "stated": part.stated}
        for part in total.parts
        if part.counting is counting
    ]
