"""Key figures and rates over years: of a body, of a portal, of bodies side by side; each with how far it is verified."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from archive.migrations.views import figure
from archive.room.words import Pair

MOST_BODIES = 8


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that can be drawn over years: its name in addresses, and how it is worked out of FIGURES_SQL."""

    name: str
    title: Pair
    sql: str
    formula: Pair
    tables: tuple[int, ...]
    """The national tables that it is from, whose identities verify it; none for what no table states."""
    share: bool = False


_SUITS = "COALESCE(suits, COALESCE(suits_direct, 0) + COALESCE(suits_after_review, 0))"
_ALL_SUITS_DECIDED = f"({_SUITS} - COALESCE(suits_direct_pending, 0) - COALESCE(suits_after_review_pending, 0))"
_ORGANISATIONS = "(applications - applications_natural_person)"


def _rate(above: str, below: str) -> str:
    return f"CAST({above} AS REAL) / NULLIF({below}, 0)"


FIGURES = {
    f.name: f
    for f in (
        Figure("applications", ("新收申请", "Applications received"), "applications", ("本年新收（件）", "newly received"), (3,)),
        Figure("processed", ("办理总计", "Handled in total"), "processed", ("（七）总计", "row (7), total"), (3,)),
        Figure("grant_rate", ("公开率", "Grant rate"), _rate("granted + COALESCE(partially_granted, 0)", "processed"), ("（予以公开 + 部分公开）÷ 办理总计", "(granted + partially granted) / handled"), (3,), share=True),
        Figure("denial_rate", ("不予公开率", "Share denied"), _rate("denied", "processed"), ("不予公开 ÷ 办理总计", "denied / handled"), (3,), share=True),
        Figure("not_held_rate", ("不掌握率", "Share “not held”"), _rate("not_held", "processed"), ("本机关不掌握相关政府信息 ÷ 办理总计", "not held / handled"), (3,), share=True),
        Figure("screened_rate", ("不予处理率", "Share screened out"), _rate("not_processed", "processed"), ("不予处理 ÷ 办理总计", "not processed / handled"), (3,), share=True),
        Figure("backlog_rate", ("结转率", "Backlog"), _rate("carried_out", "applications + COALESCE(carried_in, 0)"), ("结转下年度 ÷（本年新收 + 上年结转）", "carried out / (received + carried in)"), (3,), share=True),
        Figure("organisation_rate", ("法人或其他组织申请占比", "Share of organisations"), _rate(_ORGANISATIONS, "applications"), ("（新收总计 − 自然人）÷ 新收总计", "(received − natural persons) / received"), (3,), share=True),
        Figure("reviews", ("行政复议", "Administrative reviews"), "reviews", ("行政复议总计（件）", "reviews, total"), (4,)),
        Figure("suits", ("行政诉讼", "Administrative suits"), f"CASE WHEN COALESCE(suits, suits_direct, suits_after_review) IS NULL THEN NULL ELSE {_SUITS} END", ("未经复议直接起诉 + 复议后起诉（件）", "direct suits + suits after a review"), (4,)),
        Figure("contested_rate", ("争议率", "Contested"), f"CASE WHEN reviews IS NULL THEN NULL ELSE {_rate(f'reviews + {_SUITS}', 'processed')} END", ("（行政复议 + 行政诉讼）÷ 办理总计", "(reviews + suits) / handled"), (3, 4), share=True),
        Figure("review_correction_rate", ("复议纠正率", "Corrected in review"), _rate("reviews_corrected", "reviews - COALESCE(reviews_pending, 0)"), ("复议纠正 ÷（复议总计 − 尚未审结）", "corrected / (reviews − pending)"), (4,), share=True),
        Figure("suit_loss_rate", ("败诉率", "Lost in suits"), f"CASE WHEN suits_direct_corrected IS NULL AND suits_after_review_corrected IS NULL THEN NULL ELSE {_rate('COALESCE(suits_direct_corrected, 0) + COALESCE(suits_after_review_corrected, 0)', _ALL_SUITS_DECIDED)} END", ("诉讼结果纠正 ÷（诉讼总计 − 尚未审结）", "corrected / (suits − pending)"), (4,), share=True),
        Figure("days_late", ("发布日与法定期限相差天数", "Days after the deadline"), "days_late", ("发布日期 − 法定期限（部门1月31日，政府3月31日）", "published − deadline (departments 31 January, governments 31 March)"), ()),
    )
}  # fmt: skip

_COLUMNS_BESIDE_TOTAL = "'natural_person', 'commercial_enterprise', 'research_institution', 'public_welfare_org', 'legal_service_org', 'other_org'"


def _state(table: int, failing: str) -> str:
    """verified: from a table, its identities hold; fails: one of them does not; unchecked: none could be assessed; prose."""
    failing = f"c.report_id = r.id AND {failing}"
    standing = "k.standing_three" if table == 3 else "k.standing_four"
    return f"""CASE WHEN {standing} IS NULL OR NOT EXISTS (SELECT 1 FROM statistics s WHERE s.report_id = r.id AND s.table_no = {table} AND s.origin <> 'narrative' AND s.value IS NOT NULL)
      THEN 'prose' WHEN EXISTS (SELECT 1 FROM checks c WHERE c.verdict = 'fails' AND {failing}) THEN 'fails'
      WHEN EXISTS (SELECT 1 FROM checks c WHERE c.verdict = 'holds' AND {failing}) THEN 'verified' ELSE 'unchecked' END"""  # noqa: S608 - our own conditions


STATE_THREE = _state(3, f"c.identity GLOB 'T3-*' AND c.scope NOT IN ({_COLUMNS_BESIDE_TOTAL})")
STATE_FOUR = _state(4, "c.identity = 'T4-A'")

FIGURES_SQL = f"""SELECT k.*, r.published, r.state, t.deadline, t.days_late,
  {figure("not_provided_not_held")} AS not_held,
  {figure("cases", "review_pending", 4)} AS reviews_pending,
  {figure("cases", "suit_direct_pending", 4)} AS suits_direct_pending,
  {figure("cases", "suit_after_review_pending", 4)} AS suits_after_review_pending,
  {figure("cases", "suit_direct_corrected", 4)} AS suits_direct_corrected,
  {figure("cases", "suit_after_review_corrected", 4)} AS suits_after_review_corrected,
  {STATE_THREE} AS table_three, {STATE_FOUR} AS table_four
FROM key_figures k JOIN reports r ON r.id = k.report_id JOIN timeliness t ON t.report_id = k.report_id"""  # noqa: S608 - constants
"""A row a report: key_figures, the deadline, and how far tables three and four are verified."""


@dataclass(slots=True)
class Point:
    """One figure of one report."""

    value: float | None
    verified: bool
    report_id: str


@dataclass(slots=True)
class Series:
    """One figure of one body over years; a year without a report, or without the figure, has no point."""

    name: str
    points: dict[int, Point] = field(default_factory=dict)


def figures_of(db: sqlite3.Connection, where: str, values: Sequence[Any], limit: int = 2000) -> list[dict[str, Any]]:
    """Every figure of the reports that meet `where` (on `r`), by year and body; the newest of two reports of a year first."""
    names = ", ".join(f"{f.sql} AS {f.name}_" for f in FIGURES.values())
    cursor = db.execute(
        f"SELECT *, {names} FROM ({FIGURES_SQL} WHERE {where} LIMIT {int(limit)}) ORDER BY report_year, issuing_body, published DESC",  # noqa: S608 - our own clauses
        values,
    )
    columns = [column[0] for column in cursor.description]
    return [dict(zip(columns, row, strict=True)) for row in cursor]


def verified(row: dict[str, Any], chosen: Figure) -> bool:
    """Whether the identities of the figure's tables hold in this report."""
    return all(row["table_three" if table == 3 else "table_four"] == "verified" for table in chosen.tables)


def compare(db: sqlite3.Connection, bodies: Sequence[str], chosen: Figure) -> list[Series]:
    """The figure of up to eight bodies, a series a body in the order asked for."""
    found = []
    for body in bodies[:MOST_BODIES]:
        series = Series(body)
        for row in figures_of(db, "r.issuing_body = ? AND r.report_year IS NOT NULL", [body]):
            value = row[f"{chosen.name}_"]
            if value is not None:
                series.points.setdefault(row["report_year"], Point(value, verified(row, chosen), row["report_id"]))
        found.append(series)
    return found


def bodies(db: sqlite3.Connection, part: str, limit: int = 40) -> list[tuple[str, int]]:
    """Issuing bodies whose name contains `part`, with the number of their reports, by name."""
    return db.execute(
        "SELECT issuing_body, COUNT(*) FROM reports WHERE instr(issuing_body, ?) AND same_as IS NULL"
        " GROUP BY issuing_body ORDER BY issuing_body LIMIT ?",
        (part, limit),
    ).fetchall()
