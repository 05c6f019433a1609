"""Key figures a second time, as SQL over the cells of a report: what `archive.figures` has to agree with."""

from __future__ import annotations

from archive.figures import ALL_TABLES, FIGURES, KEY_FIGURES, REFUSALS
from archive.forms import LABELS, names

_TRUSTED = "(t.standing = 'verified' OR (t.origin NOT IN ('pdf', 'image') AND (t.standing = 'inconsistent' OR t.table_no = 1)))"
_BEST = """CASE t.standing WHEN 'verified' THEN 0 WHEN 'inconsistent' THEN 1 ELSE 2 END,
    CASE t.origin WHEN 'html' THEN 0 WHEN 'docx' THEN 1 WHEN 'xlsx' THEN 2 WHEN 'pdf' THEN 3 ELSE 4 END"""
_WHOLE = "s.value = CAST(s.value AS INTEGER)"
"""What is counted is whole."""
_SOURCE = "table_sources t ON t.report_id = s.report_id AND t.table_no = s.table_no AND t.origin = s.origin"


def _one(trusted: str, row: str, column: str = "total", table: int = 3) -> str:
    return f"""(SELECT s.value FROM statistics s LEFT JOIN {_SOURCE}
    WHERE s.report_id = r.id AND s.table_no = {table} AND s.row_name = '{row}' AND s.column_name = '{column}'
        AND s.value IS NOT NULL AND {_WHOLE} AND (s.origin = 'narrative' OR {trusted})
    ORDER BY s.origin = 'narrative', {_BEST} LIMIT 1)"""


def _group(trusted: str, prefix: str) -> str:
    total = f"""(SELECT SUM(s.value) FROM statistics s JOIN {_SOURCE}
    WHERE s.report_id = r.id AND s.table_no = 3 AND s.column_name = 'total' AND s.row_name GLOB '{prefix}_*' AND {_WHOLE} AND {trusted}
    GROUP BY s.origin HAVING SUM(s.value) IS NOT NULL ORDER BY {_BEST} LIMIT 1)"""
    return f"COALESCE({total}, {_one(trusted, f'{prefix}_total')})"


def _standing(trusted: str, table: int) -> str:
    return f"""(SELECT t.standing FROM table_sources t
    WHERE t.report_id = r.id AND t.table_no = {table} AND {trusted} AND t.standing <> 'unread'
    ORDER BY {_BEST} LIMIT 1)"""


def _expressions(trusted: str) -> dict[str, str]:
    def three(row: str, column: str = "total") -> str:
        return _one(trusted, row, column)

    def four(column: str) -> str:
        return _one(trusted, "cases", column, 4)

    def annex(row: str) -> str:
        return _one(trusted, row, "year_value", 1)

    direct, after = four("suit_direct_total"), four("suit_after_review_total")
    return {
        "applications": f"COALESCE({three('new_received')}, {annex('applications_received')})",
        "applications_natural_person": three("new_received", "natural_person"),
        "carried_in": three("carried_in"),
        "processed": f"COALESCE({three('processed_total')}, {annex('applications_processed')})",
        "granted": f"COALESCE({three('granted')}, {annex('replied_granted')})",
        "partially_granted": f"COALESCE({three('partially_granted')}, {annex('replied_partially_granted')})",
        "denied": f"COALESCE({_group(trusted, 'denied')}, {annex('replied_denied')})",
        "not_provided": _group(trusted, "not_provided"),
        "not_processed": _group(trusted, "not_processed"),
        "other": f"COALESCE({three('other_handling')}, {_group(trusted, 'other')})",
        "carried_out": three("carried_out"),
        "reviews": f"COALESCE({four('review_total')}, {annex('reviews_total')})",
        "reviews_corrected": f"COALESCE({four('review_corrected')}, {annex('reviews_corrected')})",
        "suits_direct": direct,
        "suits_after_review": after,
        "suits": f"COALESCE({direct} + {after}, {four('suit_total')})",
        "standing_three": _standing(trusted, 3),
        "standing_four": _standing(trusted, 4),
        "not_held": three("not_provided_not_held"),
        **{
            f"{kind}_{what}": four(f"{cell}_{what}")
            for kind, cell in (("suits_direct", "suit_direct"), ("suits_after_review", "suit_after_review"))
            for what in ("pending", "corrected")
        },
        "reviews_pending": four("review_pending"),
        **{name: three(name) for name in REFUSALS},
    }


def _state(table: int, checks: str, trusted: str) -> str:
    return f"""CASE
    WHEN {_standing(trusted, table)} IS NULL OR NOT EXISTS (SELECT 1 FROM statistics s WHERE s.report_id = r.id
        AND s.table_no = {table} AND s.origin <> 'narrative' AND s.value IS NOT NULL) THEN 'prose'
    WHEN EXISTS (SELECT 1 FROM checks c WHERE c.report_id = r.id AND c.verdict = 'fails' AND {checks}) THEN 'fails'
    WHEN EXISTS (SELECT 1 FROM checks c WHERE c.report_id = r.id AND c.verdict = 'holds' AND {checks}) THEN 'verified'
    ELSE 'unchecked' END"""


_BESIDE = ", ".join(
    f"'{column['name']}'"
    for column in LABELS["forms"]["cn-2021"]["tables"]["3"]["columns"]
    if column["name"] != names.TOTAL
)
_DEADLINE = """CASE WHEN r.report_year IS NULL THEN NULL
    WHEN r.report_year < 2019 OR r.body_kind = 'government' THEN (r.report_year + 1) || '-03-31'
    WHEN r.body_kind IS NULL THEN NULL ELSE (r.report_year + 1) || '-01-31' END"""


def _select(values: dict[str, str]) -> str:
    columns = ", ".join(f"{sql} AS {name}" for name, sql in values.items())
    return f"SELECT r.id AS report_id, {columns} FROM reports r ORDER BY r.id"


_COUNTED = _expressions(_TRUSTED)
TRUSTED_SQL = _select(
    {name: _COUNTED[name] for name in FIGURES}
    | {
        "standing_three": _COUNTED["standing_three"],
        "standing_four": _COUNTED["standing_four"],
        "table_three": _state(3, f"c.identity GLOB 'T3-*' AND c.scope NOT IN ({_BESIDE})", _TRUSTED),
        "table_four": _state(4, "c.identity = 'T4-A'", _TRUSTED),
        "deadline": _DEADLINE,
        "days_late": f"CAST(julianday(substr(r.published, 1, 10)) - julianday({_DEADLINE}) AS INTEGER)",
    }
)
"""Figures from tables that can be trusted; the columns are some of those of `figures`."""
EVERYTHING_SQL = _select({name: _expressions("1")[name] for name in (*KEY_FIGURES, *ALL_TABLES[-2:])})
"""Key figures from every table."""
