"""Synthetic annual reports: invented bodies and figures, our own prose, every form from 2008 to 2025.

A `Synthetic` is a light, hashable description; what it says is worked out when asked for, the same at every start.
It gives the article's HTML and the truth that a reader must find in it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache

from archive.model import Statistic

from . import annex, markup, prose
from .figures import BLANK, DASH, SLASH, Cell, Cells, cases, draw, statistics, table, table_three, table_two
from .markup import Block, Grid, Td

FORMS = ("narrative", *annex.FORMS, "cn-2019", "cn-2021", "hybrid")
FAULTS = {
    "t3-a": "table three: carried_out is one too high for natural persons and in total (X-A of the next year fails too)",
    "t3-b": "table three: granted is one too high for natural persons and in total",
    "t3-c": "table three: the total of new_received is one too high",
    "t4-a": "table four: the total of the reviews is one too high",
    "prose": "the prose states two applications more than the table",
    "slash": "every cell of table two is a slash",
    "dash": "the zeros of table three are dashes",
    "blank": "the zeros of table three are left blank",
    "blank-total": "the total column of table three is left blank in the rows of outcomes",
    "thousands": "numbers from 1,000 on carry a separator",
    "blank-form": "no cell of any table is filled in",
    "images": "the tables are pictures",
    "prose-only": "there are no tables",
}

FAILS: dict[str, frozenset[tuple[str, str]]] = {
    "t3-a": frozenset({("T3-A", "natural_person"), ("T3-A", "total")}),
    "t3-b": frozenset({("T3-B", "natural_person"), ("T3-B", "total")}),
    "t3-c": frozenset({("T3-C", "new_received"), ("T3-A", "total")}),
    "t4-a": frozenset({("T4-A", "review")}),
}
"""The identities that a fault breaks, as (identity, scope)."""

"""The headings under which the national tables stand."""

WRONG = {
    "t3-a": ("carried_out", ("natural_person", "total")),
    "t3-b": ("granted", ("natural_person", "total")),
    "t3-c": ("new_received", ("total",)),
}
"""Where a fault raises table three by one: row, columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """One invented report. The same fields always give the same report."""

    issuing_body: str
    report_year: int
    kind: str = "cn-2021"
    """One of FORMS; `hybrid` is a cn-2021 report whose table three is still that of cn-2019."""
    faults: frozenset[str] = frozenset()
    style: str = "clean"
    """One of markup.STYLES."""
    revision: int = 0
    """Raised by the portal when it changes the report: the prose and one figure of table two then differ."""

    def __post_init__(self) -> None:
        if unknown := self.faults - FAULTS.keys():
            raise ValueError(f"unknown faults {sorted(unknown)}")
        if self.kind not in FORMS or self.style not in markup.STYLES:
            raise ValueError(f"unknown form {self.kind} or style {self.style}")

    # What the page says of itself

    @property
    def form(self) -> str:
        """The form as a report has it; a hybrid goes by its table two."""
        return "cn-2021" if self.kind == "hybrid" else self.kind

    @property
    def title(self) -> str:
        """The title with its usual variations."""
        wordings = ("{0}{1}年政府信息公开工作年度报告",) * 4 + (
            "{0}{1}年度政府信息公开工作年度报告",
            "{1}年{0}政府信息公开年度报告",
        )
        return (
            draw("title", self.issuing_body, self.report_year)
            .choice(wordings)
            .format(self.issuing_body, self.report_year)
        )

    @property
    def published(self) -> str:
        """ISO minute, between 6 January and 29 March of the next year."""
        random_ = draw("published", self.issuing_body, self.report_year)
        day = datetime(self.report_year + 1, 1, 6) + timedelta(days=random_.randint(0, 82))  # noqa: DTZ001 - as printed
        time = timedelta(hours=random_.randint(8, 17), minutes=random_.randint(0, 59))
        return (day + time).strftime("%Y-%m-%d %H:%M")

    @property
    def source(self) -> str:
        """The line 来源."""
        return self.issuing_body

    @property
    def signed(self) -> str:
        """The date under the report, some days before it was published."""
        day = datetime.fromisoformat(self.published) - timedelta(days=3)
        return f"{day.year}年{day.month}月{day.day}日"

    @property
    def table_forms(self) -> dict[int, str]:
        """The form of each national table; empty before 2019 and where there are none to read."""
        if self.form not in {"cn-2019", "cn-2021"} or self.faults & {"images", "prose-only"}:
            return {}
        return {2: self.form, 3: "cn-2019" if self.kind == "hybrid" else self.form, 4: self.form}

    # What must be read from it

    def statistics(self) -> list[Statistic]:
        """The cells of its tables (origin html), in printed order; none for pictures and prose."""
        return [cell for number, cells in content(self).tables.items() for cell in statistics(number, cells)]

    def stated(self) -> list[Statistic]:
        """The figures that its prose states (origin narrative), each with its clause."""
        return content(self).stated

    def failed(self) -> frozenset[tuple[str, str]]:
        """The identities that do not hold, as (identity, scope)."""
        if not self.table_forms or "blank-form" in self.faults:
            return frozenset()
        return frozenset().union(*(FAILS.get(fault, frozenset()) for fault in self.faults))

    def paragraphs(self) -> list[str]:
        """Its paragraphs, headings and signature as plain text, without tables and pictures."""
        return [block.text for block in content(self).blocks if block.kind in {"p", "heading", "signature"}]

    # How it is printed

    def blocks(self) -> list[Block]:
        """Paragraphs, tables and pictures in order."""
        return content(self).blocks

    def html(self, picture_url: Callable[[int], str] = "images/{}.png".format, part: slice = slice(None)) -> str:
        """The article's body, or a part of its blocks for an article that the portal splits."""
        return markup.article(content(self).blocks[part], self.style, picture_url)

    @property
    def pictures(self) -> int:
        """How many pictures the article shows."""
        return sum(block.kind == "picture" for block in content(self).blocks)


@dataclass(frozen=True, slots=True)
class Content:
    """What a report says, worked out."""

    blocks: list[Block]
    tables: dict[int, Cells]
    """By table number: 1 the annex before 2019; 2, 3, 4 the national tables."""
    stated: list[Statistic]


@lru_cache(maxsize=64)
def content(report: Synthetic) -> Content:
    """Work a report out."""
    body, year = report.issuing_body, report.report_year
    signature = [Block("signature", body), Block("signature", report.signed)]
    if report.form not in {"cn-2019", "cn-2021"}:
        written = prose.before_2019(body, year, annex.counts(body, year), report.revision)
        if report.kind == "narrative":
            return Content(written.blocks + signature, {}, written.stated)
        cells = annex.cells(report.kind, body, year)
        drawn = Block("table", grid=annex.grid(report.kind, year, cells))
        written.heading("七、政府信息公开情况统计表")
        return Content([*written.blocks, drawn, *signature], {1: cells}, written.stated)
    counts = table_three("cn-2019" if report.kind == "hybrid" else report.form, body, year)
    results = cases(body, year)
    told = dict(counts)
    if "prose" in report.faults:
        told["new_received", "total"] += 2
    written = prose.since_2019(body, year, report.form, told, results, report.revision)
    tables = _with_faults(report, counts, results)
    blocks = []
    for block in written.blocks:
        blocks.append(block)
        number = next((n for n, heading in prose.SECTIONS.items() if heading == block.text), None)
        if number is None or "prose-only" in report.faults:
            continue
        if "images" in report.faults:
            blocks.append(Block("picture", block.text.partition("、")[2]))
        else:
            blocks.append(Block("table", grid=grid(report.table_forms[number], number, tables[number])))
    return Content(blocks + signature, tables if report.table_forms else {}, written.stated)


def _with_faults(report: Synthetic, counts: dict[tuple[str, str], int], results: dict[str, int]) -> dict[int, Cells]:
    """The cells of the three tables as this report prints them."""
    faults = report.faults
    two = table_two(report.form, report.issuing_body, report.report_year)
    if report.revision:
        changed = two["administrative_licensing", "decisions"]
        value = int(changed.value or 0) + report.revision
        two["administrative_licensing", "decisions"] = replace(changed, raw=str(value), value=value)
    counts, results = dict(counts), dict(results)
    for fault in faults & WRONG.keys():
        row, columns = WRONG[fault]
        for column in columns:
            counts[row, column] += 1
    if "t4-a" in faults:
        results["review_total"] += 1
    three = {key: Cell(str(count), count, unit="件") for key, count in counts.items()}
    four = {("cases", column): Cell(str(count), count, unit="件") for column, count in results.items()}
    tables: dict[int, Cells] = {2: two, 3: three, 4: four}
    for number, cells in tables.items():
        for (row, column), cell in cells.items():
            cells[row, column] = _printed(cell, number, row, column, faults)
    return tables


def _printed(cell: Cell, number: int, row: str, column: str, faults: frozenset[str]) -> Cell:
    empty = None
    if "blank-form" in faults:
        empty = BLANK
    elif "slash" in faults and number == 2:
        empty = SLASH
    elif number == 3 and not cell.value and faults & {"dash", "blank"}:
        empty = DASH if "dash" in faults else BLANK
    elif number == 3 and column == "total" and "blank-total" in faults and row not in EDGES:
        empty = BLANK
    if empty:
        return replace(empty, unit=cell.unit)
    if "thousands" in faults and cell.raw.isdecimal():
        return replace(cell, raw=f"{int(cell.raw):,}")
    return cell


EDGES = {"new_received", "carried_in", "carried_out"}
"""The rows of table three that are no outcomes."""


# The grids of the national form


def grid(form: str, number: int, cells: Cells) -> Grid:
    """A table as the form draws it, with its row and column spans."""
    return {2: _grid_two, 3: _grid_three, 4: _grid_four}[number](form, cells)


def _grid_two(form: str, cells: Cells) -> Grid:
    described = table(form, 2)
    columns = {column["name"]: column["label"] for column in described["columns"]}
    rows: Grid = []
    for group in described["groups"]:
        members = [row for row in described["rows"] if row["group"] == group["code"]]
        names = members[0]["columns"]
        last = 4 - len(names)  # the last column takes what the block leaves free of the four
        rows.append([Td(group["label"], colspan=4)])
        rows.append([Td("信息内容"), *_row([columns[name] for name in names], last)])
        rows += [[Td(row["label"]), *_row([cells[row["name"], name].raw for name in names], last)] for row in members]
    return rows


def _row(texts: list[str], last: int) -> list[Td]:
    return [*map(Td, texts[:-1]), Td(texts[-1], colspan=last)]


def _grid_three(form: str, cells: Cells) -> Grid:
    described = table(form, 3)
    columns = described["columns"]
    rows: Grid = [
        [Td(described["corner_label"], rowspan=3, colspan=3), Td("申请人情况", colspan=7)],
        [Td("自然人", rowspan=2), Td("法人或其他组织", colspan=5), Td("总计", rowspan=2)],
        [Td(column["label"]) for column in columns[1:6]],
    ]
    groups = {group["code"]: group for group in described["groups"]}
    opened: set[str] = set()
    for row in described["rows"]:
        tds = []
        for code in dict.fromkeys(("3", row["group"]) if row["group"] else ()):
            if code not in opened:
                opened.add(code)
                under = (r["group"] or "" for r in described["rows"])
                tds.append(Td(groups[code]["label"], rowspan=sum(g == code or g.startswith(code + ".") for g in under)))
        tds.append(Td(row["label"], colspan={None: 3, "3": 2}.get(row["group"], 1)))
        rows.append(tds + [Td(cells[row["name"], column["name"]].raw) for column in columns])
    return rows


def _grid_four(form: str, cells: Cells) -> Grid:
    columns = table(form, 4)["columns"]
    return [
        [Td("行政复议", colspan=5), Td("行政诉讼", colspan=10)],
        [
            *(Td(column["label"], rowspan=2) for column in columns[:5]),
            Td("未经复议直接起诉", colspan=5),
            Td("复议后起诉", colspan=5),
        ],
        [Td(column["label"]) for column in columns[5:]],
        [Td(cells["cases", column["name"]].raw) for column in columns],
    ]


# Many reports


OFFICES = (
    *("人民政府", "人民政府办公室", "发展和改革局", "教育局", "科技和工业信息化局", "民政局", "司法局", "财政局"),
    *("人力资源和社会保障局", "自然资源局", "生态环境局", "住房和城乡建设局", "交通运输局", "水务局", "农业农村局"),
    *("文化广电旅游局", "卫生健康局", "退役军人事务局", "应急管理局", "审计局", "市场监督管理局", "统计局"),
    *("医疗保障局", "城市管理局", "政务服务和数据管理局", "信访局"),
)
QUARTERS = ("望江", "石桥", "柳湾", "云溪", "南塘", "白沙", "松林", "凤岭")
STREETS = [quarter + side for quarter in QUARTERS for side in ("", "东", "西", "北")]


def bodies(place: str) -> Iterator[str]:
    """Bodies of a place: its government and office, its bureaus, its streets and towns, then numbered institutions."""
    yield from (place + office for office in OFFICES)
    yield from (f"{place}{street}街道办事处" for street in STREETS)
    yield from (f"{place}{street}镇人民政府" for street in STREETS)
    number = 0
    while True:
        number += 1
        yield f"{place}第{number}管理局"


def kind_of(year: int, body: str) -> str:
    """The form a body uses for a year: hybrids are rare, before 2019 bodies differ."""
    random_ = draw("kind", year, body)
    if year >= 2021:
        return "hybrid" if random_.random() < 0.06 else "cn-2021"
    if year >= 2019:
        return "cn-2019"
    if year >= 2014:
        return random_.choice(("narrative", "fj-2014-stat", "cn-2014-stat"))
    return "dx-2010-stat" if random_.random() < 0.2 else "narrative"


def catalogue(
    place: str, count: int, *, years: Iterable[int] = range(2025, 2007, -1), style: str = ""
) -> list[Synthetic]:
    """`count` reports of the bodies of a place, the latest first; every style in turn unless one is given."""
    wanted = list(years)
    source = bodies(place)
    who = [next(source) for _ in range(-(-count // len(wanted)))]
    styles = list(markup.STYLES)
    made = [
        Synthetic(issuing_body=body, report_year=year, kind=kind_of(year, body), style=style or styles[(i + j) % 4])
        for i, year in enumerate(wanted)
        for j, body in enumerate(who)
    ]
    return sorted(made[:count], key=lambda report: report.published, reverse=True)
