"""reports.db at national sizes: bytes and time a report against rows of text, questions, and sums against one sum.

Reports are of real shape: those of a replica, read once (some 150 cells, 40 checks, 1,500 characters), written again and
again as other bodies of other places and years.
"""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from itertools import groupby, islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from archive import Reports
from archive import reports as writer
from archive.agencies import agency_id, place_id
from archive.copy_candidates import link_copies
from archive.fulltext import indexed
from archive.fulltext import put as put_in_indexes
from archive.migrations.views import TOTALS_AGAIN, TOTALS_KEY
from archive.model import Page
from archive.parquet import ParquetTable, can_be_written
from archive.records import COLUMNS, Record, ReportHistory, Version, figures_of, record
from archive.room.questions import QUESTIONS, answer
from archive.vocabulary import BodyKind, Level, ReportScope, ReportState, Severity, Verdict
from crawler.demo.messages import Request
from crawler.demo.nfcms import Nfcms
from pipelines import read

CELLS = 150
"""Of an average report."""
WRITTEN = 2_000
FEW, MANY, NATION = 10_000, 100_000, 2_400_000
ROUNDS = 5
YEARS = range(2016, 2026)
PORTALS = 400
WRONG, COPIED = 10, 50
"""One report in so many fails identities; one in so many is a copy."""
_SCOPES = ("total", "natural_person")
_PROVINCES, _PREFECTURES, _COUNTIES = 31, 11, 9
_OFFICES = ("人民政府", "财政局", "教育局", "公安局", "民政局", "住房和城乡建设局", "卫生健康局")

_TEXT_ROWS = """
CREATE TABLE text_statistics (report_id TEXT NOT NULL, table_no INTEGER, row_name TEXT, column_name TEXT, value NUMERIC,
    unit TEXT, raw TEXT, value_state TEXT, origin TEXT,
    PRIMARY KEY (report_id, table_no, row_name, column_name, origin)) WITHOUT ROWID;
CREATE TABLE text_checks (report_id TEXT NOT NULL, identity TEXT, scope TEXT, expected NUMERIC, actual NUMERIC,
    verdict TEXT, severity TEXT, PRIMARY KEY (report_id, identity, scope)) WITHOUT ROWID;
"""
"""Statistics and checks as rows of text: what the cells are measured against."""


def lines(line: Callable[..., bool], archive: Callable[[int], Path]) -> bool:
    """Writing and bytes; questions at two sizes; sums of a nation. `archive` gives the one of so many reports."""
    shapes = shaped()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        kept = _write_lines(line, folder, shapes)
        many = folder / "many.db"
        shutil.copy(archive(MANY) / "reports.db", many)
        kept &= _question_lines(line, archive(FEW) / "reports.db", many)
        return kept & _sum_lines(line, many)


def shaped() -> list[Record]:
    """The reports of a replica, as their pages are read."""
    replica = Nfcms("bench", 60)
    replica.base = "http://bench.example.gov.cn"
    found = []
    for expected in replica.truth():
        path = expected.url.removeprefix(replica.base)
        reply = replica.answer(Request(method="GET", path=path, target=path))
        report = read(Page(url=expected.url, body=reply.body, content_type=reply.content_type))
        report.id, report.portal, report.state, report.captured_at = (
            "shape",
            "bench",
            ReportState.LIVE,
            "2026-11-01T08:00:00.000000Z",
        )
        versions = [Version(sha256="0" * 64, captured_at="2026-11-01T08:00:00.000000Z")]
        found.append(record(ReportHistory(report=report, versions=versions, locations=[], reader_version="1")))
    found.sort(key=lambda shape: -len(shape.tables["statistics"]))
    return next(part for size in range(len(found), 0, -1) if _cells(part := found[:size]) >= CELLS)


def _cells(records: list[Record]) -> float:
    return sum(len(one.tables["statistics"]) for one in records) / len(records)


def made(shapes: list[Record], portals: int = PORTALS) -> Iterator[Record]:
    """Reports without end: each body in each year, on the portal of its county."""
    number = 0
    while True:
        shape = shapes[number % len(shapes)]
        body, year = divmod(number, len(YEARS))
        county, office = divmod(body, len(_OFFICES))
        province, prefecture = county % _PROVINCES, county // _PROVINCES % _PREFECTURES
        portal = f"portal{county % portals}"
        place = {
            "portal": portal,
            "report_year": YEARS[year],
            "division_code": f"{province + 11:02}{prefecture + 1:02}{county % _COUNTIES + 1:02}",
            "level": str(Level.COUNTY),
            "body_kind": str(BodyKind.DEPARTMENT if office else BodyKind.GOVERNMENT),
            "report_scope": str(ReportScope.BODY_ONLY if office else ReportScope.WHOLE_AREA),
            "issuing_body": f"第{county}县{_OFFICES[office]}",
        }
        place |= _ids(place)
        report_id = f"{portal}-{5_000_000 + number}"
        row = shape.row | place | {"url": f"http://{portal}.example.gov.cn/zwgk/post_{number}.html"}
        figures = figures_of(shape).row | place | {"province": f"{province + 11}0000"}
        tables = shape.tables
        if number % WRONG == 0:
            wrong = [(*check[:4], str(Verdict.FAILS), check[5]) for check in tables["checks"][:3]]
            tables = tables | {"checks": wrong + tables["checks"][3:]}
            figures |= {"failed_checks": 3}
        yield replace(
            shape,
            id=report_id,
            row=row,
            tables=tables,
            digest=f"{number:032x}",
            figures=figures_of(shape)._replace(row=figures),
        )
        number += 1


def _ids(place: Mapping[str, Any]) -> dict[str, str | None]:
    """The ids of body and place, as `records` gives them."""
    name, code, year = place["issuing_body"], place["division_code"], place["report_year"]
    return {"agency_id": agency_id(name, code, year), "place_id": place_id(name, code, place["level"], year)}


def relate(reports: Reports) -> None:
    """What relating reports writes: last year's report and how much of its text is used again, checks, copies."""
    ids: dict[tuple[str, int], str] = {}
    query = "SELECT id, issuing_body, report_year FROM reports ORDER BY search_id"
    for number, (report_id, body, year) in enumerate(reports.db.conn.execute(query).fetchall()):
        if before := ids.get((body, year - 1)):
            verdict = Verdict.FAILS if number % WRONG == 1 else Verdict.HOLDS
            reports.put_cross_year(
                report_id, [("X-A", scope, 3, 4, str(verdict), str(Severity.WARNING)) for scope in _SCOPES]
            )
            reports.db.conn.execute(
                "UPDATE figures SET previous_report_id = ?, reused_share = ? WHERE report_id = ?",
                (before, number % 97 / 97, report_id),
            )
            if number % COPIED == 0:
                link_copies(reports, {report_id: before})
        ids[body, year] = report_id
    reports.commit()


# Writing


def _write_lines(line: Callable[..., bool], folder: Path, shapes: list[Record]) -> bool:
    """Time and bytes a report without the index of texts, which is left empty here."""
    records = list(islice(made(shapes), WRITTEN))
    writer.indexed = lambda *_: indexed("", "")
    times: dict[str, list[float]] = {"text": [], "numbers": []}
    sizes: dict[str, float] = {}
    for number in range(3):
        for kind, values in times.items():
            reports = _opened(folder / f"{kind}{number}")
            put = _put_text if kind == "text" else Reports.put
            reports.begin()
            start = time.process_time()
            for each in records:
                put(reports, each)
            reports.commit()
            values.append((time.process_time() - start) / WRITTEN)
            sizes[kind] = _bytes(reports.db.conn) / WRITTEN
            reports.close()
    writer.indexed = indexed
    old, new = (min(values) for values in times.values())
    cells = _cells(records)
    print(
        f"a report of {cells:.0f} cells without the index of texts: {new * 1e6:.0f} us and {sizes['numbers'] / 1e3:.1f} kB;"
        f" as rows of text {old * 1e6:.0f} us and {sizes['text'] / 1e3:.1f} kB"
    )
    kept = line(
        "reports.db: kB a report, without the index of texts",
        sizes["numbers"] / 1e3,
        "<= 10.00",
        kept=sizes["numbers"] <= 10_000,
    )
    return kept & line(
        "write of a report: time / as rows of text without figures", new / old, "<= 0.50", kept=new <= 0.5 * old
    )


def _opened(folder: Path) -> Reports:
    folder.mkdir()
    reports = Reports(folder)
    for number in range(PORTALS):
        reports.put_portal({"name": f"portal{number}"})
    reports.db.conn.executescript(_TEXT_ROWS)
    reports.commit()
    return reports


def _put_text(reports: Reports, one: Record) -> None:
    """The report as rows of text, without figures: how it was written before there were cells."""
    connection = reports.db.conn
    connection.execute(
        "SELECT digest, reader_version, search_id, title FROM reports WHERE id = ?", (one.id,)
    ).fetchone()
    number = connection.execute("SELECT COALESCE(MAX(search_id), 0) + 1 FROM reports").fetchone()[0]
    row = one.row | {"id": one.id, "reader_version": one.reader_version, "search_id": number, "digest": one.digest}
    with reports.db.atomic():
        connection.execute(
            f"INSERT INTO reports ({', '.join(row)}) VALUES ({', '.join('?' * len(row))})", tuple(row.values())
        )
        for table, columns in COLUMNS.items():
            name = f"text_{table}" if table in {"statistics", "checks"} else table
            names = ("report_id", *columns)
            connection.executemany(
                f"INSERT OR IGNORE INTO {name} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
                [(one.id, *values) for values in one.tables[table]],
            )
        put_in_indexes(connection, [(number, indexed("", ""))])


def _bytes(connection: sqlite3.Connection) -> int:
    sql = "SELECT SUM(pgsize) FROM dbstat WHERE name NOT GLOB 'report_search*' AND name NOT GLOB 'report_breaks*'"
    return int(connection.execute(sql).fetchone()[0])


# Questions


def _question_lines(line: Callable[..., bool], few: Path, many: Path) -> bool:
    times: dict[str, list[float]] = {}
    for path in (few, many):
        db = sqlite3.connect(path)
        for name, question in QUESTIONS.items():
            times.setdefault(name, []).append(_best(lambda q=question, db=db: answer(db, q, "", "", 0, 1000)))  # type: ignore[misc]
        db.close()
    for name, (small, large) in times.items():
        print(f"question {name}, ms: {small * 1e3:.1f} at {FEW:,} reports, {large * 1e3:.1f} at {MANY:,}")
    slowest = max(large for _, large in times.values())
    kept = line(f"the slowest question at {MANY:,} reports, ms", slowest * 1e3, "<= 300.00", kept=slowest <= 0.3)
    growth = max(large / small for small, large in times.values())
    return kept & line(f"questions: {MANY:,} reports / {FEW:,}, the most", growth, "<= 12.00", kept=growth <= 12)


# Sums


def _sum_lines(line: Callable[..., bool], path: Path) -> bool:
    """The same figures as often as a nation has reports, and sums over them."""
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous = OFF")
    db.execute("PRAGMA cache_size = -500000")
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    others = (
        "SELECT name FROM sqlite_master WHERE tbl_name = 'figures' AND type = 'index' AND sql IS NOT NULL AND name <> ?"
    )
    for (name,) in db.execute(others, ("figures_summed",)).fetchall():
        db.execute(f"DROP INDEX {name}")
    columns = [row[1] for row in db.execute("PRAGMA table_info(figures)") if row[1] != "report_id"]
    times = NATION // MANY - 1
    db.execute(
        f"""WITH RECURSIVE copy(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copy WHERE n < {times})
        INSERT INTO figures (report_id, {", ".join(columns)})
        SELECT report_id || '-' || n, {", ".join(columns)} FROM copy, (SELECT * FROM figures) WHERE TRUE"""
    )
    db.execute("DELETE FROM totals")
    db.execute(f"INSERT INTO totals {TOTALS_AGAIN}")
    db.commit()
    one = _best(lambda: db.execute("SELECT SUM(applications) FROM figures").fetchall())
    where = "report_year, province"
    by_place = _best(
        lambda: db.execute(
            f"SELECT {where}, SUM(applications) FROM figures WHERE same_as IS NULL GROUP BY {where}"
        ).fetchall()
    )
    kept_sums = _best(lambda: db.execute(f"SELECT {where}, SUM(applications) FROM totals GROUP BY {where}").fetchall())
    rows = db.execute("SELECT COUNT(*) FROM totals").fetchone()[0]
    columnar = _in_columns(db, path.parent)
    db.close()
    print(
        f"{NATION:,} reports, ms: SUM(applications) {one * 1e3:.0f}, by year and province {by_place * 1e3:.0f},"
        f" from {rows:,} rows of totals by {len(TOTALS_KEY)} keys {kept_sums * 1e3:.1f}"
    )
    kept = line("figures: sums by year and province / one sum", by_place / one, "<= 1.50", kept=by_place <= 1.5 * one)
    ratio = kept_sums / by_place
    kept &= line("totals: sums by year and province / from figures", ratio, "<= 0.10", kept=ratio <= 0.1)
    if columnar is None:
        print(
            "DuckDB over Parquet files is measured where duckdb and pyarrow are installed: pip install duckdb pyarrow"
        )
        return kept
    ratio = columnar / one
    return kept & line("Parquet: sums by year and province / one sum", ratio, "<= 0.10", kept=ratio <= 0.1)


def _in_columns(db: sqlite3.Connection, folder: Path) -> float | None:
    """Seconds that DuckDB takes for the sums by year and province, over Parquet files as the export writes them."""
    if not (find_spec("duckdb") and can_be_written()):
        return None
    import duckdb

    columns = {
        "report_id": "TEXT",
        "report_year": "INTEGER",
        "province": "TEXT",
        "applications": "INTEGER",
        "same_as": "TEXT",
    }
    rows = db.execute(f"SELECT {', '.join(columns)} FROM figures ORDER BY report_year, report_id")
    with ParquetTable(folder, "figures", columns, by_year=True) as table:
        for year, of_year in groupby(rows, key=itemgetter(1)):
            table.begin_year(year)
            while part := list(islice(of_year, 10_000)):
                table.write(part)
    files = folder / "figures" / "*" / "*.parquet"
    query = f"""SELECT report_year, province, SUM(applications)
    FROM read_parquet('{files}', hive_partitioning = true) WHERE same_as IS NULL GROUP BY ALL"""
    return _best(lambda: duckdb.sql(query).fetchall())


def _best(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of several rounds."""
    best = float("inf")
    for _ in range(ROUNDS):
        start = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - start)
    return best


if __name__ == "__main__":
    from tests.bench import line
    from tests.bench_archive import archive

    raise SystemExit(not lines(line, archive))
