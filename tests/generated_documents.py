"""Reports rendered to documents of every kind and read back: equal to the truth, told as doubtful, or wrong.

`python -m tests.generated_documents [COUNT [KIND,KIND …]]` makes so many examples and counts them by kind (KINDS, and
PRINTED where their programs are installed); the suite makes a few.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from typing import NamedTuple

from archive.model import Page, Report
from archive.vocabulary import Standing
from crawler.demo.reports import Synthetic
from pipelines import read
from pipelines.beside import AtHand
from pipelines.documents import Content, StoredDocument, recognise
from pipelines.documents import read as read_body
from pipelines.errors import DocumentError
from tests.made_documents import KINDS, PRINTED, Made

BODIES = ("临川市青溪区民政局", "云岭县人民政府", "临川市人民政府", "青溪区教育局")
NOT_USED = {Standing.UNREAD, Standing.INCOMPLETE, Standing.UNVERIFIED}
Key = tuple[int, str, str]


class Outcome(NamedTuple):
    """How a document was read, and what shows it."""

    kind: str
    seed: int
    verdict: str
    """equal, doubtful or wrong."""
    note: str = ""


def report_of_seed(seed: int) -> Synthetic:
    draw = random.Random(seed)
    kind = draw.choice(("cn-2019", "cn-2021", "cn-2021", "hybrid"))
    faults = frozenset(draw.choice(((), (), (), ("slash",), ("dash",), ("blank",), ("t3-b",))))
    year = draw.randint(2019, 2020) if kind == "cn-2019" else draw.randint(2021, 2024)
    return Synthetic(issuing_body=draw.choice(BODIES), report_year=year, kind=kind, faults=faults)


def read_beside(report: Synthetic, content: Content) -> Report:
    """A page that links the document, and holds no table itself."""
    url = "http://www.qingxi.gov.cn/nb/2022.html"
    text = "<p>根据《中华人民共和国政府信息公开条例》，现公布本年度报告。各项数据见附件，本机关依法办理政府信息公开申请。</p>"
    body = f"<title>{report.title}</title><h1>{report.title}</h1>{text}<p><a href='a.xls'>附件</a></p>"
    document = StoredDocument(sha256="", media_type=None, content=content, problems=list(content.problems))
    page = Page(url=url, body=body.encode(), content_type="text/html; charset=utf-8")
    return read(page, AtHand(files={"http://www.qingxi.gov.cn/nb/a.xls": document}))


def judged(kind: str, seed: int, report: Synthetic, made: Made) -> Outcome:
    recognised = recognise(made.body, made.content_type, name=made.name)
    if recognised is None:
        return Outcome(kind, seed, "wrong", "not recognised")
    try:
        content = read_body(made.body, recognised)
    except DocumentError as error:
        return Outcome(kind, seed, "doubtful", f"{error.kind}: {error}")
    return compared(kind, seed, report, read_beside(report, content))


def compared(kind: str, seed: int, report: Synthetic, found: Report) -> Outcome:
    right = {(s.table_no, s.row_name, s.column_name): (s.value, s.value_state) for s in report.statistics()}
    cells = {
        (s.table_no, s.row_name, s.column_name): (s.value, s.value_state)
        for s in found.statistics
        if s.origin not in ("narrative", "html")
    }
    if cells == right:
        return Outcome(kind, seed, "equal")
    standings = {source.table_no: source.standing for source in found.table_sources}
    false = {key: value for key, value in cells.items() if right.get(key) != value}
    numbers = {key: value for key, value in false.items() if value[0] is not None or standings[key[0]] not in NOT_USED}
    if numbers:
        return Outcome(kind, seed, "wrong", f"{len(numbers)} cells, as {next(iter(numbers.items()))}")
    silent = {key[0] for key in right.keys() - cells.keys() if standings.get(key[0]) not in NOT_USED}
    unread = {part.part for part in found.parts if part.state in ("unread", "doubtful")}
    if silent and not unread:
        return Outcome(kind, seed, "wrong", f"tables {silent} lack cells, and nothing says so")
    doubts = "; ".join(problem.message for problem in found.problems)
    return Outcome(kind, seed, "doubtful", f"{len(right) - len(cells)} cells missing: {doubts[:300]}")


def example(kind: str, seed: int) -> Outcome:
    report = report_of_seed(seed)
    return judged(kind, seed, report, (KINDS | PRINTED)[kind](report, random.Random(seed)))


def main() -> None:
    wanted = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    kinds = sys.argv[2].split(",") if len(sys.argv) > 2 else list(KINDS)
    counts: Counter[tuple[str, str]] = Counter()
    for seed in range(wanted):
        kind = kinds[seed % len(kinds)]
        outcome = example(kind, seed)
        counts[kind, outcome.verdict] += 1
        if outcome.verdict != "equal":
            print(*outcome, flush=True)
    for kind in kinds:
        by_verdict = {verdict: counts[kind, verdict] for verdict in ("equal", "doubtful", "wrong")}
        print(f"{kind:20}", by_verdict, f"{by_verdict['equal'] / max(1, sum(by_verdict.values())):.1%}")


if __name__ == "__main__":
    main()
