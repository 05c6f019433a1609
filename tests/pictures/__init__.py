"""Pictures of the tables of synthetic reports, as bodies put them into their pages: `python -m tests.pictures.draw`."""

from __future__ import annotations

from pathlib import Path

from crawler.demo.reports import Synthetic

FOLDER = Path(__file__).parent
BODY = "临川市青溪区民政局"
REPORTS = {
    "figures": Synthetic(issuing_body=BODY, report_year=2022),
    "slashes": Synthetic(issuing_body=BODY, report_year=2023, faults=frozenset({"slash", "dash"})),
    "blank": Synthetic(issuing_body=BODY, report_year=2020, kind="cn-2019", faults=frozenset({"blank-form"})),
}
"""Name → the report whose tables two, three and four `NAME.2.png`, `NAME.3.png` and `NAME.4.png` show."""
