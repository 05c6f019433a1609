"""What users of this data ask, as SQL: each question with its formula, and what its answer leaves out and why.

Every query takes `:year` (a year, or an empty text for all) and `:portal` (a name, or an empty text), is limited by its
caller, and names its reports by `report_id`. Formulas: national form of 2021 and Regulation (2019) articles 49 and 50.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from archive.definitions import RATES
from archive.figures import REFUSALS
from archive.room.key_figures import KEY_FIGURES, VERIFIED
from archive.room.report import dicts, each
from archive.room.vocabulary_bilingual import Bilingual, label_of

# What a visitor chose, as a condition on `r` that holds for every choice.
_CHOSEN = "(:year = '' OR r.report_year = :year) AND (:portal = '' OR r.portal = :portal)"
# For what looks at every year of a body, whichever is chosen.
_CHOSEN_PORTAL = "(:portal = '' OR r.portal = :portal)"
# The same for the reports `n` of one body: its name is in an index, which the condition alone would keep from being used.
_CHOSEN_PORTAL_OF_BODY = "(:portal = '' OR n.portal = :portal)"
# The same for pairs of years, which an index of bodies leads to: it stays as it is where a year is chosen.
_CHOSEN_OF_PAIR = "(:portal = '' OR r.portal = :portal) AND (:year = '' OR r.report_year = :year)"

# The bodies that lack the chosen year, for none other need be grouped. `agencies_met` leaves out who has copies alone.
_LACKS = """agency_id IN (
    SELECT agency_id
    FROM (
      SELECT agency_id FROM agencies_met
      UNION ALL
      SELECT agency_id FROM figures INDEXED BY figures_copies WHERE same_as IS NOT NULL
    ) m
    WHERE NOT EXISTS (SELECT 1 FROM figures y WHERE y.agency_id = m.agency_id AND y.report_year = CAST(:year AS INTEGER))
  )"""
# Where it is put when a year is chosen.
_LACKS_CHOSEN = "(:year = '' OR :year <> '')"

# The report `p` of the year before `r`, as in the view year_over_year.
_LAST_YEAR = "p.agency_id = r.agency_id AND p.report_year = r.report_year - 1 AND p.same_as IS NULL"


@dataclass(frozen=True, slots=True)
class Question:
    """One question. `left_out_sql` counts the reports that it leaves out: (a key of LEFT_OUT_REASONS, number)."""

    name: str
    title: Bilingual
    formula: Bilingual
    found_sql: str
    """What is found, in its order; all that the answer shows, unless there are details."""
    left_out_sql: str
    leaves_out: Bilingual
    all_reports: bool = False
    """Whether every report is a row of the answer or left out."""
    details_sql: str = ""
    """What the answer shows of each row of `found`, in its order: it is looked up for the rows shown alone."""

    @property
    def sql(self) -> str:
        """The whole answer, in its order."""
        return f"WITH found AS (\n{self.found_sql}\n)\n{self.details_sql}" if self.details_sql else self.found_sql

    def answer(self, db: sqlite3.Connection, values: dict[str, str], first: int, limit: int) -> dict[str, Any]:
        """Rows from `first` on, at most `limit`; how many there are; and (reason, reports) of what is left out."""
        rows, details, left_out = (
            _narrowed(sql, values) for sql in (self.found_sql, self.details_sql, self.left_out_sql)
        )
        without = [(reason, number) for reason, number in db.execute(left_out, values) if number]
        of_all = "NULL" if self.all_reports else "COUNT(*) OVER ()"
        sql = f"SELECT *, {of_all} AS of_all FROM ({rows}) LIMIT {int(limit)} OFFSET {int(first)}"  # noqa: S608 - our own queries
        if details:
            sql = f"WITH found AS MATERIALIZED ({sql}) SELECT *, (SELECT of_all FROM found) AS of_all FROM ({details})"  # noqa: S608 - our own queries
        found = dicts(db, sql, values)
        totals = [row.pop("of_all") for row in found]
        if self.all_reports:  # by an index, without working out each row
            every = _narrowed(_EVERY_REPORT, values)
            total = db.execute(every, values).fetchone()[0] - sum(number for _, number in without)
        elif found or not first:
            total = totals[0] if found else 0
        else:
            total = db.execute(f"SELECT COUNT(*) FROM ({rows})", values).fetchone()[0]  # noqa: S608 - our own queries
        return {"rows": found, "total": total, "left_out": without}


def _narrowed(sql: str, values: dict[str, str]) -> str:
    """A query for what was chosen alone: SQLite takes an index of years only where no OR stands beside the year."""
    chosen = [
        f"r.{column} = :{name}" for column, name in (("report_year", "year"), ("portal", "portal")) if values[name]
    ]
    of_all_years = "r.portal = :portal" if values["portal"] else "TRUE"
    sql = sql.replace(_CHOSEN, " AND ".join(chosen) or "TRUE")
    sql = sql.replace(f"AND {_CHOSEN_PORTAL}\n", f"AND {of_all_years}\n")
    sql = sql.replace(_CHOSEN_PORTAL_OF_BODY, "n.portal = :portal" if values["portal"] else "TRUE")
    return sql.replace(f"AND {_LACKS_CHOSEN}\n", f"AND {_LACKS if values['year'] else 'TRUE'}\n")


_EVERY_REPORT = f"""SELECT
  (SELECT COUNT(*) FROM figures r WHERE same_as IS NULL AND {_CHOSEN})
  + (SELECT COUNT(*) FROM figures r WHERE same_as IS NOT NULL AND {_CHOSEN})"""  # noqa: S608 - constants
"""How many there are: those that are no copies, and copies, have an index of years each."""


def _left_out(reason: str, condition: str) -> str:
    """How many reports meet a condition, by the reason, and how many are copies: each half by its own index."""
    return f"""SELECT reason, COUNT(*) AS reports
FROM (
  SELECT {reason} AS reason FROM figures r
  WHERE same_as IS NULL AND {_CHOSEN} AND {condition}
  UNION ALL
  SELECT 'copy' FROM figures r
  WHERE same_as IS NOT NULL AND {_CHOSEN}
)
GROUP BY reason"""  # noqa: S608 - constants


def _rate(name: str) -> Question:
    """The question whose answer is a rate of KEY_FIGURES, one row per report, with both its numbers."""
    rate, numbers = KEY_FIGURES[name], RATES[name]
    verified = " AND ".join(f"table_{'three' if table == 3 else 'four'} = '{VERIFIED}'" for table in rate.tables)
    sql = f"""SELECT
  report_id,
  issuing_body,
  report_year,
  {numbers.numerator} AS numerator,
  {numbers.denominator} AS denominator,
  ROUND({rate.sql}, 4) AS share,
  {verified} AS verified
FROM figures r
WHERE same_as IS NULL AND {_CHOSEN} AND {rate.sql} IS NOT NULL
ORDER BY {rate.sql} DESC, report_id"""  # noqa: S608 - constants
    left_out = _left_out(
        "CASE WHEN cells_three + cells_four = 0 THEN 'no_figures' ELSE 'no_denominator' END", f"{rate.sql} IS NULL"
    )
    leaves_out = (
        "分子或分母为空、分母为零的报告，以及重复的同一份报告",
        "reports whose numerator or denominator is blank or whose denominator is zero, and copies of another report",
    )
    return Question(name.replace("_", "-"), rate.title, rate.formula, sql, left_out, leaves_out, all_reports=True)


def _refusals_by_reason() -> Question:
    sums = ",\n  ".join(f"SUM({name}) AS {name}, COUNT({name}) AS {name}_reports" for name in REFUSALS)
    each = "\n  UNION ALL\n".join(
        f"  SELECT '{name}' AS reason, '{label_of(name)[0]}' AS label, {name} AS refusals, {name}_reports AS reports FROM sums"  # noqa: S608 - constants
        for name in REFUSALS
    )
    return Question(
        "denied-by-reason",
        ("不予公开的理由分布", "Refusals by reason"),
        ("某一理由（表三“不予公开”第1至8项）÷ 不予公开合计", "one reason (of the eight of table three) / all refusals"),
        f"""WITH sums AS MATERIALIZED (SELECT
  {sums}
FROM figures r WHERE same_as IS NULL AND {_CHOSEN}
)
SELECT *, ROUND(CAST(refusals AS REAL) / NULLIF(SUM(refusals) OVER (), 0), 4) AS share
FROM (
{each}
)
WHERE reports > 0
ORDER BY refusals DESC""",  # noqa: S608 - constants
        _left_out("'no_table_three'", "totals_three = 0"),
        (
            "没有表三的报告（2019年以前多为文字），以及重复的同一份报告",
            "reports without table three (most before 2019), and copies of another report",
        ),
    )


def _late() -> Question:
    return Question(
        "late",
        ("逾期发布的报告", "Reports published late"),
        (
            "发布日期晚于期限：部门为次年1月31日，政府为次年3月31日（2019年以前均为3月31日）",
            "published after 31 January (departments) or 31 March (governments; before 2019, every body)",
        ),
        f"""SELECT
  report_id,
  days_late
FROM figures r INDEXED BY figures_late
WHERE days_late > 0 AND {_CHOSEN}
ORDER BY days_late DESC, report_id""",  # noqa: S608 - constants
        f"""SELECT
  CASE WHEN report_year IS NULL THEN 'no_year' WHEN published IS NULL THEN 'no_date' ELSE 'no_body_kind' END AS reason,
  COUNT(*) AS reports
FROM figures r INDEXED BY figures_undated
WHERE days_late IS NULL AND {_CHOSEN}
GROUP BY 1""",  # noqa: S608 - constants
        ("没有年度、发布日期或机关类型的报告", "reports without a year, a date of publication or a kind of body"),
        details_sql="""SELECT
  f.report_id,
  r.issuing_body,
  r.report_year,
  r.body_kind,
  substr(r.published, 1, 10) AS published,
  r.deadline,
  f.days_late
FROM found f
CROSS JOIN figures r ON r.report_id = f.report_id
ORDER BY f.days_late DESC, f.report_id""",
    )


# By halves, each of which an index leads to; where no year is stated, so is none chosen.
_WITHOUT_BODY_OR_YEAR = f"""SELECT 'no_body' AS reason, COUNT(*) AS reports
FROM figures r
WHERE issuing_body IS NULL
  AND {_CHOSEN_PORTAL}
UNION ALL
SELECT 'no_year', SUM(reports)
FROM (
  SELECT COUNT(*) AS reports FROM figures r
  WHERE report_year IS NULL AND same_as IS NULL AND issuing_body IS NOT NULL
    AND {_CHOSEN_PORTAL}
  UNION ALL
  SELECT COUNT(*) FROM figures r
  WHERE report_year IS NULL AND same_as IS NOT NULL AND issuing_body IS NOT NULL
    AND {_CHOSEN_PORTAL}
)"""  # noqa: S608 - constants


def _missing_years() -> Question:
    # `span` has every body that may lack a year: to count years that are told apart takes longer than to look for them.
    # `listed` has those of which a portal lists what is not here: they begin before the first report, or without any.
    # CROSS JOIN: body by body, as the indexes have them, and not year by year.
    return Question(
        "missing-years",
        ("缺少报告的年度", "Years without a report"),
        (
            "自该机关最早有报告或网站列出其报告的年度起，至本档案最新年度止，没有报告的年度",
            "years without a report, from the first that a body reported here or a portal lists, to the newest of the archive",
        ),
        f"""WITH RECURSIVE last AS MATERIALIZED (SELECT MAX(report_year) AS year FROM figures WHERE same_as IS NULL),
span AS MATERIALIZED (
  SELECT
    agency_id,
    MIN(report_year) AS first,
    MAX(report_year) AS newest
  FROM figures r
  WHERE agency_id IS NOT NULL AND report_year IS NOT NULL
    AND {_CHOSEN_PORTAL}
    AND {_LACKS_CHOSEN}
  GROUP BY agency_id
  HAVING COUNT(*) <= (SELECT year FROM last) - MIN(report_year)
    OR COUNT(same_as) > 0
    OR agency_id IN (SELECT agency_id FROM several_reports)
),
listed AS MATERIALIZED (
  SELECT
    agency_id,
    MAX(name) AS name,
    MIN(CAST(substr(years, 1, 4) AS INTEGER)) AS first,
    MAX(CAST(substr(years, -4) AS INTEGER)) AS newest,
    group_concat(portal) AS portals
  FROM listed_bodies l
  WHERE years <> '' AND (:portal = '' OR l.portal = :portal)
  GROUP BY agency_id
),
year(y) AS (
  SELECT MIN(first) FROM (SELECT first FROM span UNION ALL SELECT first FROM listed)
  UNION ALL
  SELECT y + 1 FROM year
  WHERE y < (SELECT MAX(newest) FROM (SELECT year AS newest FROM last UNION ALL SELECT newest FROM listed))
)
SELECT
  agency_id,
  (
    SELECT MAX(issuing_body) FROM figures n
    WHERE n.agency_id = s.agency_id AND n.report_year = s.newest AND {_CHOSEN_PORTAL_OF_BODY}
  ) AS issuing_body,
  y AS report_year,
  NULL AS listed_on
FROM span s
CROSS JOIN year ON y >= s.first AND y <= (SELECT year FROM last)
WHERE NOT EXISTS (SELECT 1 FROM figures r WHERE r.agency_id = s.agency_id AND r.report_year = y)
  AND (:year = '' OR y = CAST(:year AS INTEGER))
UNION ALL
SELECT
  agency_id,
  COALESCE((SELECT MAX(issuing_body) FROM figures n WHERE n.agency_id = s.agency_id), s.name),
  y,
  portals
FROM listed s
CROSS JOIN year ON y >= s.first AND y <= MAX(s.newest, COALESCE((SELECT year FROM last), 0))
WHERE NOT EXISTS (SELECT 1 FROM figures r WHERE r.agency_id = s.agency_id AND r.report_year = y)
  AND y < COALESCE((
    SELECT MIN(n.report_year) FROM figures n WHERE n.agency_id = s.agency_id AND {_CHOSEN_PORTAL_OF_BODY}
  ), 9999)
  AND (:year = '' OR y = CAST(:year AS INTEGER))
ORDER BY y DESC, issuing_body, agency_id""",  # noqa: S608 - constants
        _WITHOUT_BODY_OR_YEAR,
        (
            "没有发布机关或年度的报告，以及只知其名、网站从未列出其报告的机关；同一机关名称写法不同的合并计算，更名后视为另一机关",
            "reports without a body or year, and bodies known by name alone, of which no portal lists a report; "
            "spellings of one body's name are one body, a renamed body is another",
        ),
        details_sql=f"""SELECT
  issuing_body,
  report_year,
  (
    SELECT COUNT(DISTINCT n.report_year) FROM figures n
    WHERE n.agency_id = f.agency_id AND {_CHOSEN_PORTAL_OF_BODY}
  ) AS years_here,
  COALESCE(listed_on, (
    SELECT group_concat(DISTINCT n.portal) FROM figures n
    WHERE n.agency_id = f.agency_id AND n.report_year IS NOT NULL AND {_CHOSEN_PORTAL_OF_BODY}
  )) AS portals
FROM found f
ORDER BY report_year DESC, issuing_body, agency_id""",  # noqa: S608 - constants
    )


def _failed_identities() -> Question:
    return Question(
        "failed-identities",
        ("勾稽不符的报告", "Failed identities"),
        (
            "同一报告内的勾稽关系：表内（T3-A至T4-A）、正文与表格之间（S-1、S-2）",
            "identities of one report: within tables (T3-A to T4-A), of prose and tables (S-1, S-2)",
        ),
        f"""SELECT
  r.report_id,
  r.issuing_body,
  r.report_year,
  k.identity,
  k.scope,
  e.expected,
  e.actual,
  k.severity
FROM figures r INDEXED BY figures_failed
CROSS JOIN reports o ON o.id = r.report_id
CROSS JOIN failures e ON e.report = o.search_id
CROSS JOIN check_kinds k ON k.id = e.kind
WHERE failed_checks + failed_over_years > 0 AND k.identity NOT GLOB 'X-*' AND {_CHOSEN}
ORDER BY k.identity, r.report_id, k.scope""",  # noqa: S608 - constants
        f"""SELECT 'no_checks' AS reason, COUNT(*) AS reports
FROM figures r INDEXED BY figures_unchecked
WHERE held_checks + failed_checks + held_over_years + failed_over_years = 0 AND {_CHOSEN}""",  # noqa: S608 - constants
        ("没有可核对表格的报告", "reports without a table that could be checked"),
    )


def _carried_over_wrongly() -> Question:
    # By the index of years of agencies, which has all that is compared: nothing is looked up but what is carried wrongly.
    return Question(
        "carried-over-wrongly",
        ("上年结转与上年报告不一致", "Carried over inconsistently"),
        (
            "本年“上年结转”≠ 上年报告“结转下年度继续办理”（总计列）",
            "carried over from last year ≠ what last year's report carries over (column total)",
        ),
        f"""SELECT
  r.report_id,
  r.issuing_body,
  r.report_year,
  p.report_id AS previous_report_id,
  p.carried_out AS carried_out_previous_year,
  r.carried_in,
  r.carried_in - p.carried_out AS difference
FROM figures r INDEXED BY figures_years_of_agencies
JOIN figures p ON {_LAST_YEAR}
WHERE r.same_as IS NULL AND r.carried_in <> p.carried_out AND {_CHOSEN_OF_PAIR}
ORDER BY ABS(r.carried_in - p.carried_out) DESC, r.report_id""",  # noqa: S608 - constants
        f"""SELECT
  CASE WHEN r.same_as IS NOT NULL THEN 'copy' ELSE 'no_previous_year' END AS reason,
  COUNT(*) AS reports
FROM figures r INDEXED BY figures_years_of_agencies
WHERE {_CHOSEN_OF_PAIR} AND (
  r.same_as IS NOT NULL
  OR r.carried_in IS NULL
  OR NOT EXISTS (SELECT 1 FROM figures p WHERE {_LAST_YEAR} AND p.carried_out IS NOT NULL)
)
GROUP BY 1""",  # noqa: S608 - constants
        ("没有上年报告或没有结转数的报告", "reports without last year's report or without these figures"),
    )


def _reused_text() -> Question:
    return Question(
        "reused-text",
        ("沿用上年文字的报告", "Text reused from last year"),
        (
            "与上年报告相同的句子字数 ÷ 本年正文句子总字数（数字不计差异）",
            "characters in sentences that last year's report has too / in all sentences (numbers count as equal)",
        ),
        f"""SELECT
  report_id,
  issuing_body,
  report_year,
  previous_report_id,
  ROUND(reused_share, 4) AS share
FROM figures r INDEXED BY figures_reused
WHERE same_as IS NULL AND previous_report_id IS NOT NULL AND {_CHOSEN}
ORDER BY reused_share DESC, report_id""",  # noqa: S608 - constants
        f"""SELECT 'no_previous_year' AS reason,
  (SELECT COUNT(*) FROM figures r WHERE same_as IS NULL AND {_CHOSEN})
  - (SELECT COUNT(*) FROM figures r INDEXED BY figures_reused
    WHERE same_as IS NULL AND previous_report_id IS NOT NULL AND {_CHOSEN}) AS reports
UNION ALL
SELECT 'copy', COUNT(*) FROM figures r WHERE same_as IS NOT NULL AND {_CHOSEN}""",  # noqa: S608 - constants
        ("没有上年报告的报告", "reports without last year's report"),
        all_reports=True,
    )


QUESTIONS = {
    question.name: question
    for question in (
        _rate("grant_rate"),
        _refusals_by_reason(),
        _rate("not_held_rate"),
        _rate("screened_rate"),
        _rate("backlog_rate"),
        _rate("contested_rate"),
        _rate("review_correction_rate"),
        _rate("suit_loss_rate"),
        _rate("organisation_rate"),
        _late(),
        _missing_years(),
        _failed_identities(),
        _carried_over_wrongly(),
        _reused_text(),
    )
}
"""By name, in the order of the page of questions."""

LEFT_OUT_REASONS: dict[str, Bilingual] = {
    "copy": ("与另一份报告重复", "copy of another report"),
    "no_figures": ("没有表三、表四的数字", "no figures of tables three and four"),
    "no_denominator": ("分子或分母为空，或分母为零", "numerator or denominator blank, or denominator zero"),
    "no_table_three": ("没有表三", "no table three"),
    "no_year": ("没有年度", "no report year"),
    "no_date": ("没有发布日期", "no date of publication"),
    "no_body_kind": ("机关类型不明", "kind of body unknown"),
    "no_body": ("没有发布机关", "no issuing body"),
    "no_checks": ("没有可核对的表格", "nothing that could be checked"),
    "no_previous_year": ("没有上年报告或相应数字", "no report or figure of the year before"),
}


def columns(db: sqlite3.Connection, question: Question) -> list[str]:
    """The columns of an answer, whether it has rows or not."""
    cursor = db.execute(f"SELECT * FROM ({question.sql}) LIMIT 0", {"year": "", "portal": ""})  # noqa: S608 - our own queries
    return [column[0] for column in cursor.description]


def each_row(db: sqlite3.Connection, question: Question, year: str, portal: str) -> Iterator[dict[str, Any]]:
    """Every row of a question."""
    values = {"year": year, "portal": portal}
    return each(db, _narrowed(question.sql, values), values)


def answer(
    db: sqlite3.Connection, question: Question, year: str, portal: str, first: int, limit: int
) -> dict[str, Any]:
    """Rows of a question, at most `limit` from `first` on, how many there are, and what it leaves out.

    What is left out is (reason, number of reports).
    """
    return question.answer(db, {"year": year, "portal": portal}, first, limit)
