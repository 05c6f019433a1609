"""The views for people. Every migration that changes one drops and creates them all."""

from sqlite_utils import Database

from archive.forms import names
from archive.vocabulary import BodyKind, Origin, ReportState, Standing, Verdict

_TRUSTED = f"""(
    t.standing = '{Standing.VERIFIED}'
    OR (
        t.origin NOT IN ('{Origin.PDF}', '{Origin.IMAGE}')
        AND (t.standing = '{Standing.INCONSISTENT}' OR t.table_no = 1)
    )
)"""
"""A table counts where it is verified. One that does not add up counts as published where a page, a Word or an Excel file
says which cell a figure is in; so does the annex before 2019, which agencies shorten as they like."""
_ALL = "1"
BEST = f"""
    CASE t.standing
        WHEN '{Standing.VERIFIED}' THEN 0
        WHEN '{Standing.INCONSISTENT}' THEN 1
        ELSE 2
    END,
    CASE t.origin
        WHEN '{Origin.HTML}' THEN 0
        WHEN '{Origin.DOCX}' THEN 1
        WHEN '{Origin.XLSX}' THEN 2
        WHEN '{Origin.PDF}' THEN 3
        ELSE 4
    END"""
"""Sorts the sources `t` of one table; its figures are taken from the first."""
_SOURCE = """table_sources t
        ON t.report_id = s.report_id AND t.table_no = s.table_no AND t.origin = s.origin"""


def figure(row: str, column: str = names.TOTAL, table: int = 3, trusted: str = _TRUSTED) -> str:
    """SQL for one figure of the report `r`: from the best source of its table, else from prose."""
    return f"""(
    SELECT s.value FROM statistics s LEFT JOIN {_SOURCE}
    WHERE s.report_id = r.id AND s.table_no = {table} AND s.row_name = '{row}' AND s.column_name = '{column}'
        AND s.value IS NOT NULL
        AND (s.origin = '{Origin.NARRATIVE}' OR {trusted})
    ORDER BY s.origin = '{Origin.NARRATIVE}', {BEST}
    LIMIT 1
)"""


def _key_figures(name: str, trusted: str) -> str:
    """CREATE VIEW of the key figures, one row per report, from tables for which `trusted` holds."""

    def one(row: str, column: str = names.TOTAL, table: int = 3) -> str:
        return figure(row, column, table, trusted)

    def or_annex(row: str, annex: str, table: int = 3, column: str = names.TOTAL) -> str:
        """A figure of the national tables; before 2019 the annex's row of the same meaning (`same_as` in labels.json)."""
        return f"COALESCE({one(row, column, table)}, {one(annex, names.YEAR_VALUE, 1)})"

    def group(prefix: str) -> str:
        """A group's total: the sum of its rows in a table, else the total that the prose states."""
        total = f"""(
    SELECT SUM(s.value) FROM statistics s JOIN {_SOURCE}
    WHERE s.report_id = r.id AND s.table_no = 3 AND s.column_name = '{names.TOTAL}' AND s.row_name GLOB '{prefix}_*'
        AND {trusted}
    GROUP BY s.origin
    HAVING SUM(s.value) IS NOT NULL
    ORDER BY {BEST}
    LIMIT 1
)"""
        return f"COALESCE({total}, {one(f'{prefix}_total')})"

    def standing(table: int) -> str:
        """How far the table that the figures come from can be relied on; NULL where they come from prose."""
        return f"""(
    SELECT t.standing FROM table_sources t
    WHERE t.report_id = r.id AND t.table_no = {table} AND {trusted} AND t.standing <> '{Standing.UNREAD}'
    ORDER BY {BEST}
    LIMIT 1
)"""

    direct = one(names.CASES, names.SUIT_DIRECT_TOTAL, 4)
    after_review = one(names.CASES, names.SUIT_AFTER_REVIEW_TOTAL, 4)
    annex_denied = one(names.REPLIED_DENIED, names.YEAR_VALUE, 1)
    return f"""CREATE VIEW {name} AS SELECT
    r.id AS report_id,
    r.portal,
    r.issuing_body,
    r.division_code,
    r.level,
    r.body_kind,
    r.report_scope,
    r.report_year,
    r.form,
    r.title,
    r.url,
    {or_annex(names.NEW_RECEIVED, names.APPLICATIONS_RECEIVED)} AS applications,
    {one(names.NEW_RECEIVED, names.NATURAL_PERSON)} AS applications_natural_person,
    {one(names.CARRIED_IN)} AS carried_in,
    {or_annex(names.PROCESSED_TOTAL, names.APPLICATIONS_PROCESSED)} AS processed,
    {or_annex(names.GRANTED, names.REPLIED_GRANTED)} AS granted,
    {or_annex(names.PARTIALLY_GRANTED, names.REPLIED_PARTIALLY_GRANTED)} AS partially_granted,
    COALESCE({group("denied")}, {annex_denied}) AS denied,
    {group("not_provided")} AS not_provided,
    {group("not_processed")} AS not_processed,
    COALESCE({one(names.OTHER_HANDLING)}, {group("other")}) AS other,
    {one(names.CARRIED_OUT)} AS carried_out,
    {or_annex(names.CASES, names.REVIEWS_TOTAL, 4, names.REVIEW_TOTAL)} AS reviews,
    {or_annex(names.CASES, names.REVIEWS_CORRECTED, 4, names.REVIEW_CORRECTED)} AS reviews_corrected,
    {direct} AS suits_direct,
    {after_review} AS suits_after_review,
    COALESCE({direct} + {after_review}, {one(names.CASES, names.SUIT_TOTAL, 4)}) AS suits,
    {standing(3)} AS standing_three,
    {standing(4)} AS standing_four
FROM reports r
WHERE r.same_as IS NULL"""


KEY_FIGURES = _key_figures("key_figures", _TRUSTED)
KEY_FIGURES_ALL = _key_figures("key_figures_all", _ALL)

COVERAGE = f"""CREATE VIEW coverage AS SELECT
    portal,
    report_year,
    COUNT(*) AS reports,
    SUM(state = '{ReportState.LIVE}') AS live,
    SUM(state = '{ReportState.MISSING}') AS missing,
    SUM(state = '{ReportState.REMOVED}') AS removed,
    SUM(state = '{ReportState.RETURNED}') AS returned,
    SUM(EXISTS (
        SELECT 1 FROM statistics s
        WHERE s.report_id = r.id AND s.table_no = 3 AND s.origin <> '{Origin.NARRATIVE}' AND s.value IS NOT NULL
    )) AS with_table_three
FROM reports r
GROUP BY portal, report_year"""

# Regulation of 2019, arts. 49 and 50: departments by 31 January, governments by 31 March; before 2019 all by 31 March.
TIMELINESS = f"""CREATE VIEW timeliness AS SELECT
    id AS report_id,
    portal,
    issuing_body,
    body_kind,
    report_year,
    published,
    deadline,
    CASE
        WHEN published IS NULL OR deadline IS NULL THEN NULL
        ELSE CAST(julianday(substr(published, 1, 10)) - julianday(deadline) AS INTEGER)
    END AS days_late,
    CASE
        WHEN published IS NULL OR deadline IS NULL THEN NULL
        ELSE substr(published, 1, 10) <= deadline
    END AS on_time
FROM (
    SELECT *, CASE
        WHEN report_year IS NULL THEN NULL
        WHEN report_year < 2019 OR body_kind = '{BodyKind.GOVERNMENT}' THEN (report_year + 1) || '-03-31'
        WHEN body_kind IS NULL THEN NULL
        ELSE (report_year + 1) || '-01-31'
    END AS deadline
    FROM reports
)"""

FAILED_CHECKS = f"""CREATE VIEW failed_checks AS SELECT
    c.report_id,
    r.portal,
    r.issuing_body,
    r.report_year,
    c.identity,
    c.scope,
    c.expected,
    c.actual,
    c.severity,
    r.url
FROM checks c JOIN reports r ON r.id = c.report_id
WHERE c.verdict = '{Verdict.FAILS}'"""

YEAR_OVER_YEAR = """CREATE VIEW year_over_year AS SELECT
    cur.issuing_body,
    cur.report_year,
    cur.report_id,
    prev.report_id AS previous_report_id,
    prev.carried_out AS carried_out_previous_year,
    cur.carried_in,
    cur.carried_in - prev.carried_out AS difference
FROM key_figures cur
JOIN key_figures prev ON prev.issuing_body = cur.issuing_body AND prev.report_year = cur.report_year - 1
WHERE cur.carried_in IS NOT NULL AND prev.carried_out IS NOT NULL"""

VIEWS = {
    "key_figures": KEY_FIGURES,
    "key_figures_all": KEY_FIGURES_ALL,
    "coverage": COVERAGE,
    "timeliness": TIMELINESS,
    "failed_checks": FAILED_CHECKS,
    "year_over_year": YEAR_OVER_YEAR,
}


def create(db: Database) -> None:
    """Create every view, replacing the one of that name."""
    for name, sql in VIEWS.items():
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.execute(sql)
