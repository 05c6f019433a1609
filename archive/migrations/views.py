"""The views for people. Dropped and made anew by every migration that touches them."""

from sqlite_utils import Database

# A table counts where it is verified. One that does not add up counts as it was published, where a page or a Word or
# Excel file says which cell a figure stands in; so does the annex before 2019, which bodies shorten as they like.
_TRUSTED = """(t.standing = 'verified' OR (t.origin NOT IN ('pdf', 'image') AND (t.standing = 'inconsistent' OR t.table_no = 1)))"""
_ALL = "1"
BEST = """CASE t.standing WHEN 'verified' THEN 0 WHEN 'inconsistent' THEN 1 ELSE 2 END,
  CASE t.origin WHEN 'html' THEN 0 WHEN 'docx' THEN 1 WHEN 'xlsx' THEN 2 WHEN 'pdf' THEN 3 ELSE 4 END"""
"""Sorts the sources `t` of one table; the first is the one that its figures are taken from."""
_SOURCE = "table_sources t ON t.report_id = s.report_id AND t.table_no = s.table_no AND t.origin = s.origin"


def figure(row: str, column: str = "total", table: int = 3, trusted: str = _TRUSTED) -> str:
    """One figure of the report `r`: of the best source of its table, else of prose."""
    return f"""(SELECT s.value FROM statistics s LEFT JOIN {_SOURCE} WHERE s.report_id = r.id AND s.table_no = {table}
  AND s.row_name = '{row}' AND s.column_name = '{column}' AND s.value IS NOT NULL AND (s.origin = 'narrative' OR {trusted})
  ORDER BY s.origin = 'narrative', {BEST} LIMIT 1)"""


def _key_figures(name: str, trusted: str) -> str:
    def one(row: str, column: str = "total", table: int = 3) -> str:
        return figure(row, column, table, trusted)

    def or_annex(row: str, annex: str, table: int = 3, column: str = "total") -> str:
        """A figure of the national tables; before 2019 the annex's row of the same meaning (`same_as` in labels.json)."""
        return f"COALESCE({one(row, column, table)}, {one(annex, 'year_value', 1)})"

    def group(prefix: str) -> str:
        """A group's total: the sum of its rows in a table, else the total that the prose states."""
        total = f"""(SELECT SUM(s.value) FROM statistics s JOIN {_SOURCE} WHERE s.report_id = r.id AND s.table_no = 3
  AND s.column_name = 'total' AND s.row_name GLOB '{prefix}_*' AND {trusted} GROUP BY s.origin
  HAVING SUM(s.value) IS NOT NULL ORDER BY {BEST} LIMIT 1)"""
        return f"COALESCE({total}, {one(f'{prefix}_total')})"

    def standing(table: int) -> str:
        """How far the table can be trusted that the figures are of; NULL where they are of prose."""
        return f"""(SELECT t.standing FROM table_sources t WHERE t.report_id = r.id AND t.table_no = {table} AND {trusted}
  AND t.standing <> 'unread' ORDER BY {BEST} LIMIT 1)"""

    return f"""CREATE VIEW {name} AS SELECT
  r.id AS report_id, r.portal, r.issuing_body, r.division_code, r.level, r.body_kind, r.report_year, r.form, r.title, r.url,
  {or_annex("new_received", "applications_received")} AS applications,
  {one("new_received", "natural_person")} AS applications_natural_person,
  {one("carried_in")} AS carried_in,
  {or_annex("processed_total", "applications_processed")} AS processed,
  {or_annex("granted", "replied_granted")} AS granted,
  {or_annex("partially_granted", "replied_partially_granted")} AS partially_granted,
  COALESCE({group("denied")}, {one("replied_denied", "year_value", 1)}) AS denied,
  {group("not_provided")} AS not_provided,
  {group("not_processed")} AS not_processed,
  COALESCE({one("other_handling")}, {group("other")}) AS other,
  {one("carried_out")} AS carried_out,
  {or_annex("cases", "reviews_total", 4, "review_total")} AS reviews,
  {or_annex("cases", "reviews_corrected", 4, "review_corrected")} AS reviews_corrected,
  {one("cases", "suit_direct_total", 4)} AS suits_direct,
  {one("cases", "suit_after_review_total", 4)} AS suits_after_review,
  COALESCE({one("cases", "suit_direct_total", 4)} + {one("cases", "suit_after_review_total", 4)},
    {one("cases", "suit_total", 4)}) AS suits,
  {standing(3)} AS standing_three,
  {standing(4)} AS standing_four
FROM reports r WHERE r.same_as IS NULL"""


KEY_FIGURES = _key_figures("key_figures", _TRUSTED)
KEY_FIGURES_ALL = _key_figures("key_figures_all", _ALL)

COVERAGE = """CREATE VIEW coverage AS SELECT portal, report_year, COUNT(*) AS reports,
  SUM(state = 'live') AS live, SUM(state = 'missing') AS missing, SUM(state = 'removed') AS removed, SUM(state = 'returned') AS returned,
  SUM(EXISTS (SELECT 1 FROM statistics s WHERE s.report_id = r.id AND s.table_no = 3 AND s.origin <> 'narrative' AND s.value IS NOT NULL)) AS with_table_three
FROM reports r GROUP BY portal, report_year"""

# Regulation (2019) arts. 49-50: departments by 31 January, governments by 31 March; before 2019 all by 31 March.
TIMELINESS = """CREATE VIEW timeliness AS SELECT id AS report_id, portal, issuing_body, body_kind, report_year, published, deadline,
  CASE WHEN published IS NULL OR deadline IS NULL THEN NULL ELSE CAST(julianday(substr(published, 1, 10)) - julianday(deadline) AS INTEGER) END AS days_late,
  CASE WHEN published IS NULL OR deadline IS NULL THEN NULL ELSE substr(published, 1, 10) <= deadline END AS on_time
FROM (SELECT *, CASE
    WHEN report_year IS NULL THEN NULL
    WHEN report_year < 2019 OR body_kind = 'government' THEN (report_year + 1) || '-03-31'
    WHEN body_kind IS NULL THEN NULL
    ELSE (report_year + 1) || '-01-31' END AS deadline FROM reports)"""

FAILED_CHECKS = """CREATE VIEW failed_checks AS SELECT c.report_id, r.portal, r.issuing_body, r.report_year, c.identity, c.scope, c.expected, c.actual, c.severity, r.url
FROM checks c JOIN reports r ON r.id = c.report_id WHERE c.verdict = 'fails'"""

YEAR_OVER_YEAR = """CREATE VIEW year_over_year AS SELECT cur.issuing_body, cur.report_year, cur.report_id, prev.report_id AS previous_report_id,
  prev.carried_out AS carried_out_previous_year, cur.carried_in, cur.carried_in - prev.carried_out AS difference
FROM key_figures cur JOIN key_figures prev ON prev.issuing_body = cur.issuing_body AND prev.report_year = cur.report_year - 1
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
    """Make every view anew."""
    for name, sql in VIEWS.items():
        db.execute(f"DROP VIEW IF EXISTS {name}")
        db.execute(sql)
