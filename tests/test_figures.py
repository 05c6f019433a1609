"""The row of figures of a report, the totals that follow it, and the numbers that stand for words."""

from __future__ import annotations

import random
import sqlite3
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from sqlite_utils import Database

from archive import ArchiveError, Reports
from archive.copy_candidates import link_copies
from archive.cross_year import put_checks, put_reuse, without_previous_year, year_pairs
from archive.forms import LABELS
from archive.migrations.reports import migrations
from archive.migrations.views import TOTALS_AGAIN
from archive.model import Check
from archive.records import Record, Rows, figures_of
from archive.room.questions import QUESTIONS, _narrowed, answer
from archive.vocabulary import BodyKind, Form, Level, Origin, ReportScope, Severity, Standing, Verdict
from tests.crawling import scrapy
from tests.made_reports import made
from tests.reference_figures import EVERYTHING_SQL, TRUSTED_SQL

REPORTS = 300


def drawn(number: int) -> Record:
    """A report of any shape: some of the cells of any form, from any sources of any standing, some without a source."""
    draw = random.Random(number)
    form = draw.choice([Form.NATIONAL_2021, Form.NATIONAL_2019, Form.ANNEX_2014, Form.ANNEX_FUJIAN_2014])
    statistics: Rows = []
    sources: Rows = []
    for table, described in LABELS["forms"][form]["tables"].items():
        cells = [
            (row["name"], column)
            for row in described["rows"]
            for column in row.get("columns", [c["name"] for c in described["columns"]])
        ]
        origins = draw.sample([str(o) for o in Origin], draw.randrange(4))
        for origin in origins:
            if origin != Origin.NARRATIVE and (len(origins) > 1 or draw.random() < 0.8):
                sources.append((int(table), origin, "u", str(draw.choice(list(Standing)))))
            share = draw.choice([0.3, 0.8, 1])
            statistics += [cell(draw, int(table), *where, origin) for where in cells if draw.random() < share]
    statistics += [
        cell(draw, table, row, column, "narrative")
        for table, row, column in (
            *((3, f"{group}_total", "total") for group in ("denied", "not_provided", "not_processed", "other")),
            (4, "cases", "suit_total"),
            (3, "granted", "total"),
        )
        if draw.random() < 0.5
    ]
    first = {(s[0], s[1], s[2], s[7]): s for s in reversed(statistics)}
    checks = [
        (identity, scope, 5, draw.choice([5, 6, None]), str(draw.choice(list(Verdict))), str(Severity.WARNING))
        for identity, scope in product(("T3-A", "T3-B", "T3-C", "T4-A", "S-1"), ("total", "natural_person", "granted"))
        if draw.random() < 0.3
    ]
    year = draw.choice([None, *range(2012, 2026)])
    return made(
        f"p-{number}",
        {"statistics": list(first.values()), "table_sources": sources, "checks": checks, "report_texts": [("文",)]},
        issuing_body=draw.choice([None, "青溪区人民政府", "青溪区财政局"]),
        division_code=draw.choice([None, "990101", "990102", "980101"]),
        level=draw.choice([None, *map(str, Level)]),
        body_kind=draw.choice([None, *map(str, BodyKind)]),
        report_scope=draw.choice([None, *map(str, ReportScope)]),
        report_year=year,
        published=draw.choice([None, f"{(year or 2020) + 1}-0{draw.randrange(1, 6)}-11 10:20"]),
        form=str(form),
    )


def cell(draw: random.Random, table: int, row: str, column: str, origin: str) -> tuple[Any, ...]:
    value = draw.choice([None, 0, draw.randrange(500), draw.randrange(500), draw.randrange(5000) / 4])
    raw = (
        draw.choice(["", "/", "-"])
        if value is None
        else draw.choice([str(value), f"{value} 件（注）", f"全年共{value}件，" * 3])
    )
    return (
        table,
        row,
        column,
        value,
        draw.choice(["件", "条", None]),
        raw,
        "number" if value is not None else "blank",
        origin,
    )


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Reports:
    found = Reports(tmp_path_factory.mktemp("figures"))
    found.put_portal({"name": "p"})
    for number in range(REPORTS):
        found.put(drawn(number))
    found.commit()
    return found


def rows(reports: Reports, sql: str) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in reports.db.conn.execute(sql)]


def names(reports: Reports, sql: str) -> str:
    return ", ".join(column[0] for column in reports.db.conn.execute(f"{sql} LIMIT 0").description)


def test_cells_and_checks_come_back_as_they_were_put(reports: Reports) -> None:
    for number in range(REPORTS):
        put, held = drawn(number), reports.record(f"p-{number}")
        assert held is not None
        for table in ("statistics", "checks", "table_sources"):
            assert set(held.tables[table]) == set(put.tables[table])
        assert figures_of(held) == figures_of(put)


def test_of_a_figure_that_is_stated_twice_the_first_stays(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    twice = [(3, "granted", "total", value, "件", str(value), "number", "html") for value in (1, 2)]
    reports.put(
        made("p-1", {"statistics": twice, "checks": [("T3-A", "total", n, n, "holds", "warning") for n in (1, 2)]})
    )
    assert rows(reports, "SELECT value, raw FROM statistics") == [(1, "1")]
    assert rows(reports, "SELECT expected FROM checks") == [(1,)]
    assert rows(reports, "SELECT COUNT(*) FROM statistics WHERE value = '1'") == [(1,)]  # as Datasette compares
    reports.close()


def test_an_archive_with_a_row_for_each_cell_is_brought_up_to_date(tmp_path: Path) -> None:
    database = Database(tmp_path / "reports.db")
    migrations.apply(database, stop_before="m019_layouts")
    with database.conn as connection:
        connection.execute("INSERT INTO portals (name) VALUES ('p')")
        connection.execute(
            "INSERT INTO reports (id, url, portal, state, search_id, digest) VALUES ('p-1', 'u', 'p', 'live', 7, 'd')"
        )
        for number, state in ((1, "number"), (2, "blank"), (3, "with_note")):
            kind = (number, 3, "granted", f"column{number}", "件", state, "html")
            connection.execute("INSERT INTO cell_kinds VALUES (?, ?, ?, ?, ?, ?, ?)", kind)
        connection.execute("INSERT INTO cells VALUES (7, 1, 5, NULL), (7, 2, NULL, '/'), (7, 3, 2.5, '约2.5（注）')")
        connection.execute(
            "INSERT INTO check_kinds VALUES (1, 'T3-A', 'total', 'warning'), (2, 'X-A', 'total', 'warning')"
        )
        connection.execute("INSERT INTO evaluations VALUES (7, 1, 1, 5, 6), (7, 2, 0, 3, 3)")
    database.close()
    reports = Reports(tmp_path)
    assert rows(reports, "SELECT column_name, value, raw, value_state FROM statistics ORDER BY 1") == [
        ("column1", 5, "5", "number"),
        ("column2", None, "/", "blank"),
        ("column3", 2.5, "约2.5（注）", "with_note"),
    ]
    assert rows(reports, "SELECT identity, expected, actual, verdict FROM checks ORDER BY 1") == [
        ("T3-A", 5, 6, "fails"),
        ("X-A", 3, 3, "holds"),
    ]
    reports.close()


def test_figures_are_those_of_their_definition(reports: Reports) -> None:
    """Written when a report is, they are what a query over its cells gives."""
    columns = names(reports, TRUSTED_SQL)
    assert rows(reports, f"SELECT {columns} FROM figures ORDER BY report_id") == rows(reports, TRUSTED_SQL)
    columns = names(reports, EVERYTHING_SQL)
    expected = rows(reports, EVERYTHING_SQL)
    assert rows(reports, f"SELECT {columns} FROM key_figures_all ORDER BY report_id") == expected
    kept = rows(reports, "SELECT COUNT(*) FROM figures_of_all_tables")[0][0]
    assert REPORTS / 4 < kept < REPORTS


def plan(reports: Reports, sql: str) -> str:
    values = {"year": "", "portal": ""}
    return "; ".join(row[3] for row in reports.db.conn.execute(f"EXPLAIN QUERY PLAN {sql}", values))


def test_sums_go_through_their_index_and_questions_through_the_table(reports: Reports) -> None:
    sums = "SELECT report_year, province, SUM(applications) FROM figures WHERE same_as IS NULL GROUP BY report_year, province"
    assert plan(reports, sums) == "SCAN figures USING INDEX figures_summed"
    assert plan(reports, QUESTIONS["grant-rate"].sql).startswith("SCAN r;")
    assert plan(reports, QUESTIONS["reused-text"].sql).startswith("SCAN r USING INDEX figures_reused;")
    assert plan(reports, QUESTIONS["late"].found_sql).startswith("SCAN r USING COVERING INDEX figures_late;")
    assert "SEARCH r USING INDEX sqlite_autoindex_figures_1 (report_id=?)" in plan(reports, QUESTIONS["late"].sql)
    years = plan(reports, QUESTIONS["carried-over-wrongly"].sql)
    assert years.startswith("SCAN r USING INDEX figures_years_of_agencies")
    of_year = _narrowed(QUESTIONS["grant-rate"].sql, {"year": "2020", "portal": ""})
    assert plan(reports, of_year).startswith("SEARCH r USING INDEX figures_summed (report_year=?)")
    left_out = plan(reports, _narrowed(QUESTIONS["grant-rate"].left_out_sql, {"year": "2020", "portal": ""}))
    assert "INDEX figures_copies (report_year=?)" in left_out
    assert "SCAN r" not in left_out
    failed = plan(reports, QUESTIONS["failed-identities"].sql)
    assert failed.startswith("SCAN r USING INDEX figures_failed;")
    years = plan(reports, "SELECT * FROM year_over_year")
    assert "prev USING INDEX figures_years_of_agencies (agency_id=? AND report_year=?)" in years


def test_a_question_says_how_many_rows_its_whole_answer_has(reports: Reports, tmp_path: Path) -> None:
    """Of reports of any shape, and of bodies that miss years, carry over wrongly and use texts again."""
    bodies = Reports(tmp_path)
    bodies.put_portal({"name": "p"})
    for body, year in product(range(5), range(2019, 2025)):
        if (body + year) % 5:
            cells = [
                (3, row, "total", body + year % 3, "件", str(body + year % 3), "number", "html")
                for row in ("carried_in", "carried_out")
            ]
            tables = {
                "statistics": cells,
                "table_sources": [(3, "html", "u", "verified")],
                "report_texts": [("本年度主动公开政府信息，内容涉及民生。",)],
            }
            bodies.put(
                made(f"p-{body}-{year}", tables, agency_id=f"a{body}", issuing_body=f"{body}局", report_year=year)
            )
    bodies.commit()
    put_reuse(bodies, dict(year_pairs(bodies)))
    for name, question in QUESTIONS.items():
        seen = 0
        for held, year, portal in product((reports, bodies), ("", "2020", "1999"), ("", "p", "other")):
            whole = answer(held.db.conn, question, year, portal, 0, 10_000)
            assert whole["total"] == len(whole["rows"])
            asked = {"year": year, "portal": portal}
            assert whole["rows"] == list(map(dict, held.db.conn.execute(question.sql, asked)))
            left_out = held.db.conn.execute(question.left_out_sql, asked).fetchall()
            assert whole["left_out"] == [(reason, number) for reason, number in left_out if number]
            assert answer(held.db.conn, question, year, portal, 10_000, 1)["total"] == whole["total"]
            assert answer(held.db.conn, question, year, portal, 0, 1)["total"] == whole["total"]
            seen += whole["total"]
        assert seen, name
    bodies.close()


def test_origins_name_what_is_not_from_its_table(tmp_path: Path) -> None:
    def one(table: int, row: str, column: str, origin: str) -> tuple[Any, ...]:
        return table, row, column, 3, "件", "3", "number", origin

    record = made(
        "p-1",
        {
            "statistics": [
                one(3, "new_received", "total", "docx"),
                one(3, "granted", "total", "narrative"),
                one(1, "reviews_total", "year_value", "html"),
            ],
            "table_sources": [(3, "docx", "u", "verified"), (1, "html", "u", "inconsistent")],
        },
    )
    assert figures_of(record).row["applications"] == 3
    assert figures_of(record).row["origins"] == '{"granted": [3, "narrative"], "reviews": [1, "html"]}'


def test_totals_follow_every_change(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})

    def agree() -> int:
        again = sorted(rows(reports, TOTALS_AGAIN), key=repr)
        assert sorted(rows(reports, "SELECT * FROM totals"), key=repr) == again
        return sum(row[6] for row in again)

    for number in range(60):
        reports.put(drawn(number))
    assert agree() == 60
    for number in range(20):
        other = drawn(number + 1000)
        other.id = f"p-{number}"
        other.row["url"] = f"http://made.example/p-{number}"
        assert reports.put(other) == "changed"
    assert agree() == 60
    link_copies(reports, {f"p-{number}": "p-50" for number in range(10)})
    assert agree() == 50
    reports.put(drawn(3))
    assert rows(reports, "SELECT same_as FROM figures WHERE report_id = 'p-3'") == [("p-50",)]
    assert agree() == 50
    link_copies(reports, {"p-3": None})
    assert agree() == 51
    for number in range(30, 60):
        reports.remove(f"p-{number}")
    assert agree() == 21
    for table in ("cells", "evaluations", "failures"):
        assert rows(reports, f"SELECT COUNT(*) FROM {table} WHERE report NOT IN (SELECT search_id FROM reports)") == [
            (0,)
        ]
    reports.close()


def test_checks_between_years_are_counted_and_outlast_a_new_reading(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    reports.put(drawn(1))
    between = [
        Check(identity="X-A", scope="total", expected=1, actual=2, verdict=Verdict.FAILS),
        Check(identity="X-A", scope="natural_person", expected=1, actual=1, verdict=Verdict.HOLDS),
    ]
    put_checks(reports, {"p-1": between})
    counted = "SELECT held_over_years, failed_over_years FROM figures"
    assert rows(reports, counted) == [(1, 1)]
    other = drawn(2)
    other.id, other.row["url"] = "p-1", drawn(1).row["url"]
    assert reports.put(other) == "changed"
    assert rows(reports, counted) == [(1, 1)]
    assert rows(reports, "SELECT COUNT(*) FROM checks WHERE identity = 'X-A'") == [(2,)]
    put_checks(reports, {"p-1": []})
    assert rows(reports, counted) == [(0, 0)]
    reports.close()


def test_how_much_text_is_reused_is_kept_for_each_pair_of_years(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    same, other = "本年度主动公开政府信息{}条，内容涉及民生。", "本机关全年没有收到政府信息公开申请。"
    for year, text in ((2020, same.format(5)), (2021, same.format(17) + other), (2023, other)):
        reports.put(made(f"p-{year}", {"report_texts": [(text,)]}, agency_id="none-青溪区财政局", report_year=year))
    reports.commit()
    kept = "SELECT report_year, previous_report_id, ROUND(reused_share, 2) FROM figures ORDER BY 1"
    put_reuse(reports, dict(year_pairs(reports)))
    share = round(20 / 37, 2)
    assert rows(reports, kept) == [(2020, None, None), (2021, "p-2020", share), (2023, None, None)]
    reports.remove("p-2020")
    reports.commit()
    assert without_previous_year(reports) == {"p-2021"}
    put_reuse(reports, {"p-2021": None})
    assert rows(reports, kept) == [(2021, None, None), (2023, None, None)]
    assert without_previous_year(reports) == set()
    reports.close()


def assert_as_drawn(reports: Reports, *numbers: int) -> None:
    """The statistics of these reports are those that were put."""
    for number in numbers:
        held = reports.record(f"p-{number}")
        assert held is not None
        assert set(held.tables["statistics"]) == set(drawn(number).tables["statistics"])


def test_words_that_were_rolled_back_get_a_number_again(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    reports.commit()
    reports.put(drawn(1))
    reports.db.conn.rollback()
    other = Reports(tmp_path)
    other.put(drawn(2))
    other.close()
    for number in (1, 2):
        reports.put(drawn(number))
    reports.commit()
    assert_as_drawn(reports, 1, 2)
    reports.close()


def test_words_of_a_report_that_cannot_be_written_get_a_number_again(tmp_path: Path) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    reports.put(drawn(1))
    reports.db.conn.execute("CREATE TEMP TRIGGER full BEFORE INSERT ON figures BEGIN SELECT RAISE(ABORT, 'full'); END")
    with pytest.raises(ArchiveError, match="p-2"):
        reports.put(drawn(2))
    reports.db.conn.execute("DROP TRIGGER full")
    reports.commit()
    reports.put(drawn(2))
    reports.commit()
    assert_as_drawn(reports, 1, 2)
    reports.close()


def test_a_database_of_an_earlier_version_is_refused_in_one_line(tmp_path: Path) -> None:
    db = sqlite3.connect(tmp_path / "reports.db")
    db.execute("CREATE TABLE statistics (report_id TEXT)")
    db.close()
    for read_only in (True, False):
        with pytest.raises(ArchiveError, match="delete it, and `scrapy reparse` rebuilds it"):
            Reports(tmp_path, read_only=read_only)
    done = scrapy(tmp_path, "reparse")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
