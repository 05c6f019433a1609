"""The views for people. Dropped and made anew by every migration that touches them."""

from sqlite_utils import Database

# A table of a PDF or a picture counts where it is verified; of a page, a Word or an Excel file as it was published.
_TRUSTED = """(s.origin NOT IN ('pdf', 'image') OR EXISTS (SELECT 1 FROM table_sources t WHERE t.report_id = s.report_id
  AND t.table_no = s.table_no AND t.origin = s.origin AND t.standing = 'verified'))"""
_RANK = "CASE s.origin WHEN 'html' THEN 0 WHEN 'docx' THEN 1 WHEN 'xlsx' THEN 2 WHEN 'pdf' THEN 3 WHEN 'image' THEN 4 ELSE 5 END"
# One figure of a report: a table beats prose, and among tables the page's own beats a document's.
_FIGURE = f"""(SELECT value FROM statistics s WHERE s.report_id = r.id AND {{where}} AND s.value IS NOT NULL AND {_TRUSTED}
  ORDER BY {_RANK} LIMIT 1)"""


def figure(row: str, column: str = "total", table: int = 3) -> str:
    return _FIGURE.format(where=f"s.table_no = {table} AND s.row_name = '{row}' AND s.column_name = '{column}'")


def _or_annex(row: str, annex: str, table: int = 3, column: str = "total") -> str:
    """A figure of the national tables; before 2019 the annex's row of the same meaning (`same_as` in labels.json)."""
    return f"COALESCE({figure(row, column, table)}, {figure(annex, 'year_value', 1)})"


def _group(prefix: str) -> str:
    """A group's total: the sum of its rows in a table, else the total that the prose states."""
    rows = f"s.report_id = r.id AND s.table_no = 3 AND s.column_name = 'total' AND s.origin <> 'narrative' AND s.row_name GLOB '{prefix}_*'"
    one_origin = f"SELECT SUM(value) FROM statistics s WHERE {rows} AND {_TRUSTED} GROUP BY s.origin HAVING SUM(value) IS NOT NULL"
    return f"COALESCE(({one_origin} ORDER BY {_RANK} LIMIT 1), {figure(f'{prefix}_total')})"


KEY_FIGURES = f"""CREATE VIEW key_figures AS SELECT
  r.id AS report_id, r.portal, r.issuing_body, r.division_code, r.level, r.body_kind, r.report_year, r.form, r.title, r.url,
  {_or_annex("new_received", "applications_received")} AS applications,
  {figure("new_received", "natural_person")} AS applications_natural_person,
  {figure("carried_in")} AS carried_in,
  {_or_annex("processed_total", "applications_processed")} AS processed,
  {_or_annex("granted", "replied_granted")} AS granted,
  {_or_annex("partially_granted", "replied_partially_granted")} AS partially_granted,
  COALESCE({_group("denied")}, {figure("replied_denied", "year_value", 1)}) AS denied,
  {_group("not_provided")} AS not_provided,
  {_group("not_processed")} AS not_processed,
  COALESCE({figure("other_handling")}, {_group("other")}) AS other,
  {figure("carried_out")} AS carried_out,
  {_or_annex("cases", "reviews_total", 4, "review_total")} AS reviews,
  {_or_annex("cases", "reviews_corrected", 4, "review_corrected")} AS reviews_corrected,
  {figure("cases", "suit_direct_total", 4)} AS suits_direct,
  {figure("cases", "suit_after_review_total", 4)} AS suits_after_review,
  COALESCE({figure("cases", "suit_direct_total", 4)} + {figure("cases", "suit_after_review_total", 4)},
    {figure("cases", "suit_total", 4)}) AS suits
FROM reports r WHERE r.same_as IS NULL"""

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
