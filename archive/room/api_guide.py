"""What programs can ask of the reading room: its addresses, and examples that run as they stand."""

from __future__ import annotations

from dataclasses import dataclass

from archive.room.vocabulary_bilingual import Bilingual

HERE = "http://127.0.0.1:8001"
"""In the examples; pages show their own address in its place."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address."""

    address: str
    formats: tuple[str, ...]
    gives: Bilingual
    parameters: Bilingual = ("", "")


ENDPOINTS = (
    Endpoint(
        "/search",
        ("json", "csv", "atom"),
        ("检索到的地方、机关和报告", "places, bodies and reports that are found"),
        (
            "q 检索词；portal、year、level、kind、form、verdict 筛选",
            "q what is looked for; portal, year, level, kind, form, verdict narrow it",
        ),
    ),
    Endpoint(
        "/report/ID",
        ("json", "txt", "bib", "ris"),
        ("一份报告：数字、核对、附件、版本", "a report: figures, checks, documents, versions"),
    ),
    Endpoint(
        "/report/ID/changes",
        ("json",),
        ("两个版本的差异", "what differs between two versions"),
        ("from、to 时刻", "from, to: moments"),
    ),
    Endpoint(
        "/body/NAME",
        ("json", "csv", "svg", "png", "atom"),
        ("一个机关的历年报告、缺报年度及原因", "all years of a body, missing years and why"),
        ("chart（csv、svg、png）", "chart (csv, svg, png)"),
    ),
    Endpoint(
        "/place/CODE",
        ("json", "csv", "svg", "png", "atom"),
        ("一地的合计、机关、所辖地方", "sums of a place, its bodies, places in it"),
        ("year", "year"),
    ),
    Endpoint(
        "/portal/NAME",
        ("json", "csv", "svg", "png", "atom"),
        ("一个网站的报告和条目去向", "the reports of a portal, what came of its entries"),
    ),
    Endpoint(
        "/nation",
        ("json", "csv", "svg", "png"),
        ("全国合计、中位数", "sums and medians of the country"),
        ("figure、year", "figure, year"),
    ),
    Endpoint(
        "/map",
        ("json", "csv", "svg", "png"),
        ("各省，或一省各市县", "provinces, or what lies in one"),
        ("figure、year、place", "figure, year, place"),
    ),
    Endpoint(
        "/rankings",
        ("json", "csv"),
        ("按一项数字或比率排列的机关，及不予公开的理由", "bodies by a figure or rate, with reasons for refusing"),
        (
            "figure、year、level、kind、place、at_least、tables、sort、order",
            "figure, year, level, kind, place, at_least, tables, sort, order",
        ),
    ),
    Endpoint(
        "/bodies",
        ("json", "csv"),
        ("机关名录", "list of bodies"),
        ("q、place、level、kind、known", "q, place, level, kind, known"),
    ),
    Endpoint(
        "/compare",
        ("json", "csv", "svg", "png"),
        ("至多八个机关的一项数字", "one figure of up to eight bodies"),
        ("body（可多个）、figure", "body (several), figure"),
    ),
    Endpoint(
        "/questions/NAME",
        ("json", "csv"),
        ("专题查询的结果", "the answer to a question"),
        ("year（all 为全部）、portal", "year (all), portal"),
    ),
    Endpoint(
        "/portals",
        ("json", "csv"),
        ("各网站各年度的报告数", "reports of each portal and year"),
    ),
    Endpoint(
        "/entries",
        ("json", "csv"),
        ("网站列表的条目及去向", "entries of a portal's listings and their fates"),
        ("portal、fate", "portal, fate"),
    ),
    Endpoint("/codebook", ("json", "csv"), ("数据字典", "the codebook")),
    Endpoint("/downloads", ("json", "csv"), ("整库文件及其SHA-256", "files of the whole archive with their SHA-256")),
    Endpoint(
        "/reports/TABLE",
        ("json", "csv"),
        ("数据表；csv 为全部行", "a table; all rows as csv"),
        ("列名=值；_sort、_size、_next", "column=value; _sort, _size, _next"),
    ),
    Endpoint(
        "/reports",
        ("json", "csv"),
        ("自行编写的查询", "a query of your own"),
        ("sql，以及其中的 :参数", "sql, and its :parameters"),
    ),
    Endpoint("/feed", ("atom",), ("新增、变更、撤下的报告", "new, changed and removed reports")),
)

EXAMPLES: dict[str, tuple[Bilingual, str]] = {
    "curl": (
        ("检索，并把排行存为文件", "Search, and keep a ranking as a file"),
        f"""curl -sG '{HERE}/search.json' --data-urlencode 'q=政府信息公开'
curl -s '{HERE}/rankings.csv?figure=denial_rate&at_least=0' -o rankings.csv""",
    ),
    "python": (
        ("全国历年新收申请，只取计入合计的行", "Applications received in China by year, of the rows that are counted"),
        f"""import csv
import io
import urllib.request
from collections import Counter

with urllib.request.urlopen("{HERE}/nation.csv") as answer:
    rows = list(csv.DictReader(io.TextIOWrapper(answer, "utf-8-sig")))
received = Counter()
for row in rows:
    if row["counting"] == "counted" and row["applications"]:
        received[row["report_year"]] += int(row["applications"])
for year, number in sorted(received.items()):
    print(year, number)""",
    ),
    "r": (
        ("同样的合计", "The same sums"),
        f"""rows <- read.csv("{HERE}/nation.csv?_bom=0", encoding = "UTF-8", colClasses = c(place = "character"))
counted <- rows[rows$counting == "counted" & !is.na(rows$applications), ]
print(aggregate(applications ~ report_year, counted, sum))""",
    ),
}
"""Program → (what it does, the text)."""
