"""Key figures and rates over years, of an agency, of a portal or of agencies side by side, each with how far it is verified."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archive.definitions import DERIVED, RATES
from archive.room.report import dicts
from archive.room.vocabulary_bilingual import Bilingual
from archive.vocabulary import TableState

MAX_AGENCIES = 8
VERIFIED = str(TableState.VERIFIED)
"""The value of `table_three` and `table_four` where the identities of that table hold."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One thing that can be drawn over years: its name in addresses, and its SQL over the columns of REPORTS_SQL."""

    name: str
    title: Bilingual
    sql: str
    formula: Bilingual
    tables: tuple[int, ...]
    """The national tables that it is from, whose identities verify it; empty for what no table states."""
    share: bool = False
    """Whether it is a rate, shown in per cent."""


KEY_FIGURES = {
    key_figure.name: key_figure
    for key_figure in (
        KeyFigure(
            "applications",
            ("新收申请", "Applications received"),
            "applications",
            ("本年新收政府信息公开申请数量（件）", "applications received this year"),
            (3,),
        ),
        KeyFigure(
            "processed",
            ("办理总计", "Applications processed"),
            "processed",
            ("本年度办理结果（七）总计（件）", "outcomes of this year, row (7), total"),
            (3,),
        ),
        KeyFigure(
            "grant_rate",
            ("公开率", "Grant rate"),
            RATES["grant_rate"].sql,
            ("（予以公开 + 部分公开）÷ 办理总计", "(granted + partly granted) / processed"),
            (3,),
            share=True,
        ),
        KeyFigure(
            "denial_rate",
            ("不予公开率", "Denial rate"),
            RATES["denial_rate"].sql,
            ("不予公开 ÷ 办理总计", "denied / processed"),
            (3,),
            share=True,
        ),
        KeyFigure(
            "not_held_rate",
            ("本机关不掌握占比", "Share not held"),
            RATES["not_held_rate"].sql,
            ("本机关不掌握相关政府信息 ÷ 办理总计", "not held by the body / processed"),
            (3,),
            share=True,
        ),
        KeyFigure(
            "screened_rate",
            ("不予处理率", "Share not processed"),
            RATES["screened_rate"].sql,
            ("不予处理 ÷ 办理总计", "not processed / processed in total"),
            (3,),
            share=True,
        ),
        KeyFigure(
            "backlog_rate",
            ("结转率", "Backlog"),
            RATES["backlog_rate"].sql,
            (
                "结转下年度继续办理 ÷（本年新收 + 上年结转）",
                "carried over to next year / (received + carried over from last year)",
            ),
            (3,),
            share=True,
        ),
        KeyFigure(
            "organisation_rate",
            ("法人或其他组织申请占比", "Share from organisations"),
            RATES["organisation_rate"].sql,
            ("（新收总计 − 自然人）÷ 新收总计", "(received − from natural persons) / received"),
            (3,),
            share=True,
        ),
        KeyFigure(
            "reviews",
            ("行政复议", "Administrative reviews"),
            "reviews",
            ("行政复议总计（件）", "administrative reviews, total"),
            (4,),
        ),
        KeyFigure(
            "suits",
            ("行政诉讼", "Administrative suits"),
            DERIVED["all_suits"].sql,
            ("未经复议直接起诉 + 复议后起诉（件）", "suits without prior review + suits after a review"),
            (4,),
        ),
        KeyFigure(
            "contested_rate",
            ("争议率", "Contested"),
            RATES["contested_rate"].sql,
            ("（行政复议 + 行政诉讼）÷ 办理总计", "(reviews + suits) / processed"),
            (3, 4),
            share=True,
        ),
        KeyFigure(
            "review_correction_rate",
            ("复议纠正率", "Corrected on review"),
            RATES["review_correction_rate"].sql,
            ("复议结果纠正 ÷（复议总计 − 尚未审结）", "corrected / (reviews − pending)"),
            (4,),
            share=True,
        ),
        KeyFigure(
            "suit_loss_rate",
            ("败诉率", "Suits lost"),
            RATES["suit_loss_rate"].sql,
            ("诉讼结果纠正 ÷（诉讼总计 − 尚未审结）", "corrected / (suits − pending)"),
            (4,),
            share=True,
        ),
        KeyFigure(
            "days_late",
            ("发布日期与法定期限相差天数", "Days after the deadline"),
            "days_late",
            (
                "发布日期 − 法定期限（部门为1月31日，政府为3月31日）",
                "published − deadline (31 January for departments, 31 March for governments)",
            ),
            (),
        ),
    )
}


REPORTS_SQL = """SELECT r.*, p.title, p.url, p.state
FROM figures r
JOIN reports p ON p.id = r.report_id
WHERE r.same_as IS NULL"""
"""One row per report, copies on other portals left out: its row of figures, and what the pages show of it."""


@dataclass(slots=True)
class Point:
    """One key figure of one report."""

    value: float | None
    verified: bool
    report_id: str


@dataclass(slots=True)
class Series:
    """One key figure of one body over years; a year without a report, or without the figure, has no point."""

    name: str
    points: dict[int, Point] = field(default_factory=dict)


def over_years(db: sqlite3.Connection, where: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """The reports that meet `where` (a condition on `r`), by year and body, the newest of one year first.

    Each row has the columns of REPORTS_SQL, and every key figure under its name with an underscore behind.
    """
    computed = ", ".join(f"{key_figure.sql} AS {key_figure.name}_" for key_figure in KEY_FIGURES.values())
    sql = f"""SELECT *, {computed}
    FROM ({REPORTS_SQL} AND {where})
    ORDER BY report_year, issuing_body, published DESC"""  # noqa: S608 - our own clauses
    return dicts(db, sql, values)


def is_verified(row: dict[str, Any], key_figure: KeyFigure) -> bool:
    """Whether the identities of the figure's tables hold in this report."""
    return all(row["table_three" if table == 3 else "table_four"] == VERIFIED for table in key_figure.tables)


def compare(db: sqlite3.Connection, agencies: Sequence[str], key_figure: KeyFigure) -> list[Series]:
    """The figure of up to eight agencies, one series per agency, in the order asked for."""
    found = []
    for agency in agencies[:MAX_AGENCIES]:
        series = Series(agency)
        for row in over_years(db, "r.issuing_body = ? AND r.report_year IS NOT NULL", [agency]):
            value = row[f"{key_figure.name}_"]
            if value is not None:
                point = Point(value, is_verified(row, key_figure), row["report_id"])
                series.points.setdefault(row["report_year"], point)
        found.append(series)
    return found


def copies(db: sqlite3.Connection, where: str, values: Sequence[Any]) -> list[dict[str, Any]]:
    """The reports that meet `where` (on `r`) and are copies of a report on another portal, by year, up to a hundred."""
    sql = f"""SELECT id, portal, report_year FROM reports r
    WHERE {where} AND same_as IS NOT NULL
    ORDER BY report_year LIMIT 100"""  # noqa: S608 - our own clauses
    return dicts(db, sql, values)


def years_of(db: sqlite3.Connection, body: str) -> tuple[set[int], list[str]]:
    """The years of which a body has a report under any of its names, and the portals that have them."""
    rows = db.execute(
        """SELECT DISTINCT report_year, portal FROM figures
        WHERE report_year IS NOT NULL AND (issuing_body = :body OR agency_id IN (
          SELECT agency_id FROM figures WHERE issuing_body = :body AND agency_id IS NOT NULL
        ))""",
        {"body": body},
    ).fetchall()
    return {year for year, _ in rows}, sorted({portal for _, portal in rows})


def agencies_named(db: sqlite3.Connection, part: str, limit: int = 40) -> list[tuple[str, int]]:
    """Issuing bodies whose name contains `part`, with the number of their reports, by name."""
    return db.execute(
        """SELECT issuing_body, COUNT(*) FROM reports
        WHERE instr(issuing_body, ?) AND same_as IS NULL
        GROUP BY issuing_body ORDER BY issuing_body LIMIT ?""",
        (part, limit),
    ).fetchall()


@dataclass(frozen=True, slots=True)
class Card:
    """A key figure of one report, and how far it can be trusted."""

    title: Bilingual
    value: float | None
    verdict: str
    """verified, fails, unchecked or prose, as in `figures`."""
    share: float | None = None
    """Of all applications processed."""
    before: float | None = None
    """The same of the year before, of the same scope."""
    table: int = 3

    @property
    def has_cell(self) -> bool:
        """Whether the report has the table that has a cell for it: without a number there, the cell is blank."""
        return self.verdict not in {"", TableState.PROSE}


_CARDS = ("applications", "granted", "denied", "carried_out", "reviews", "suits")
_CARD_TITLES: dict[str, Bilingual] = {
    "applications": ("新收申请", "Applications received"),
    "granted": ("予以公开", "Granted"),
    "denied": ("不予公开", "Denied"),
    "carried_out": ("结转下年", "Carried over"),
    "reviews": ("行政复议", "Reviews"),
    "suits": ("行政诉讼", "Suits"),
}


def cards(figures: dict[str, Any], before: dict[str, Any]) -> list[Card]:
    """The six figures that a report opens with; none where it states none of them."""
    if not any(figures.get(name) is not None for name in _CARDS):
        return []
    is_comparable = bool(before) and before.get("report_scope") == figures.get("report_scope")
    found = []
    for name in _CARDS:
        table = 4 if name in {"reviews", "suits"} else 3
        value, processed = figures[name], figures["processed"]
        share = value / processed if name in {"granted", "denied"} and value is not None and processed else None
        is_trusted = value is None or name in figures["trusted"]
        verdict = figures["table_four" if table == 4 else "table_three"] if is_trusted else TableState.UNCHECKED
        found.append(
            Card(
                _CARD_TITLES[name],
                value,
                str(verdict or ""),
                share,
                before.get(name) if is_comparable else None,
                table,
            )
        )
    return found
