"""Of which tables key figures are, and what the reading room says of their sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import Reports
from archive.room.form_layout import explain, lay_out
from pipelines.statistics import provenance
from pipelines.statistics.checks import check
from pipelines.statistics.table_figures import statistics_of
from pipelines.tables.report_table import ReportTable, TableRow
from tests.made_reports import made

SOURCES = [
    # standing and figure of each source → key_figures, its standing; key_figures_all, its standing
    ({"html": ("verified", 5)}, (5, "verified"), (5, "verified")),
    ({"html": ("inconsistent", 5)}, (5, "inconsistent"), (5, "inconsistent")),
    ({"html": ("incomplete", 5)}, (None, None), (5, "incomplete")),
    ({"pdf": ("unverified", 5)}, (None, None), (5, "unverified")),
    ({"pdf": ("inconsistent", 5)}, (None, None), (5, "inconsistent")),
    ({"html": ("incomplete", 5), "pdf": ("verified", 6)}, (6, "verified"), (6, "verified")),
    ({"html": ("inconsistent", 5), "docx": ("verified", 6)}, (6, "verified"), (6, "verified")),
    ({"docx": ("verified", 5), "pdf": ("verified", 6)}, (5, "verified"), (5, "verified")),
    ({"image": ("unverified", 5), "narrative": ("", 7)}, (7, None), (5, "unverified")),
    ({"pdf": ("unread", None), "narrative": ("", 7)}, (7, None), (7, None)),
]


@pytest.mark.parametrize(("sources", "trusted", "everything"), SOURCES)
def test_key_figures_are_of_tables_that_can_be_trusted(
    tmp_path: Path,
    sources: dict[str, tuple[str, int | None]],
    trusted: tuple[int | None, str | None],
    everything: tuple[int | None, str | None],
) -> None:
    reports = Reports(tmp_path)
    reports.put_portal({"name": "p"})
    cells = [
        (3, row, "total", value, None, str(value), "number", origin)
        for origin, (_, value) in sources.items()
        if value is not None
        for row in ("new_received", "denied_total" if origin == "narrative" else "denied_state_secret")
    ]
    places = [(3, origin, "u", standing) for origin, (standing, _) in sources.items() if standing]
    reports.put(made("r", {"statistics": cells, "table_sources": places}))
    for view, wanted in (("key_figures", trusted), ("key_figures_all", everything)):
        (found,) = reports.db.conn.execute(f"SELECT applications, denied, standing_three FROM {view}").fetchall()
        assert tuple(found) == (wanted[0], wanted[0], wanted[1])
    reports.close()


@pytest.mark.parametrize(
    ("origin", "blank", "wanted"),
    [("pdf", "", "verified"), ("pdf", "suit_direct", "unverified"), ("html", "suit_direct", "verified")],
)
def test_table_four_of_a_pdf_is_proved_block_by_block(origin: str, blank: str, wanted: str) -> None:
    blocks = ("review", "suit_direct", "suit_after_review")
    results = ("maintained", "corrected", "other", "pending", "total")
    cells = {f"{block}_{result}": "" if block == blank else "0" for block in blocks for result in results}
    table = ReportTable(4, None, origin, [TableRow("", "cases", cells)])
    assert provenance.assess_standing(table, check(statistics_of(table))) == wanted


def test_the_table_that_counts_is_shown_and_disagreements_are_marked() -> None:
    def cell(origin: str, value: int) -> dict[str, object]:
        return {
            "table_no": 3,
            "row_name": "granted",
            "column_name": "total",
            "origin": origin,
            "raw": str(value),
            "value_state": "number",
        }

    check = {"identity": "D-1", "scope": "granted.total docx/html", "verdict": "fails"}
    sources = [{"table_no": 3, "origin": "docx"}, {"table_no": 3, "origin": "html"}]
    (table,) = lay_out([cell("html", 1), cell("docx", 2)], [check], sources)
    shown = [c for block in table.blocks for line in block.lines for c in line.cells if c and c.raw]
    assert (table.origin, [(c.raw, c.failing) for c in shown]) == ("docx", [("2", ("D-1",))])
    assert explain(check)[0][1] == "Granted, total (Word document / table on the page)"
    assert explain(check | {"scope": "table 3 docx/html"})[0][0].startswith("三、收到和处理政府信息公开申请情况（")
