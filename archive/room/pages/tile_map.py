"""The map: a figure and a year over the provinces, or over the prefectures and counties of one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from archive.room import places
from archive.room import tile_map as found
from archive.room.asked_figures import ADDED_UP, AskedFigure
from archive.room.database_access import bounded, holdings_of, kept, query
from archive.room.rendering import Translator, as_csv, as_format, as_image, as_json, chart_files, language, number, page
from archive.room.request_parameters import BadParameterError, format_of, one_of, year
from archive.room.tile_map import Row, Tile
from archive.vocabulary import Counting, Level

_COLUMNS = (
    "place_id",
    "place",
    "in_place_id",
    "report_year",
    "figure",
    "value",
    "reports_counted",
    "reports_stating",
    "reports_verified",
    "bodies_in_hand",
    "bodies_known",
)


async def tiles(datasette: Any, request: Any) -> Any:
    """The country's provinces, or what lies in one place."""
    here = await holdings_of(datasette)
    figure = ADDED_UP[one_of(request, "figure", ADDED_UP, "applications")]
    chosen = int(year(request, here.last_year) or 0)
    place_id = (request.args.get("place") or "")[:40]
    place = await query(datasette, lambda db: places.place(db, place_id)) if place_id else None
    if place_id and (place is None or place.level in {Level.COUNTY, Level.TOWNSHIP}):
        raise BadParameterError("place", place_id)
    asked = f"{figure.name} {chosen}"
    every = await provinces(datasette, figure, chosen)
    inside: list[Row] = []
    if place:
        inside = await kept(
            datasette, f"{place.id} by {asked}", bounded(lambda db: found.of_province(db, figure, chosen, place.id))
        )
    wanted = format_of(request)
    if wanted in {"csv", "json"}:
        rows = _rows(figure, chosen, every, inside)
        return as_csv(_COLUMNS, rows) if wanted == "csv" else as_json({"formula": figure.formula, "rows": rows})
    t = Translator(language(request))

    def address(**changes: str) -> str:
        asked = {"figure": figure.name, "year": str(chosen or "")} | ({"place": place_id} if place_id else {}) | changes
        return "/map?" + urlencode({name: value for name, value in asked.items() if value})

    svg = "" if place else province_map(t, figure, chosen, every)
    if wanted:
        return await as_image(request, wanted, svg)
    counties = [tile for row in inside for tile in row.counties]
    prefectures = [row.prefecture for row in inside if row.prefecture]
    context = {
        "figure": figure,
        "choices": list(ADDED_UP.values()),
        "years": here.years[::-1],
        "year": chosen,
        "place": place,
        "svg": svg,
        "files": chart_files(request),
        "preview": as_format(request, "png", preview="1") if svg else "",
        "tiles": every,
        "inside": inside,
        "ranges": found.ranges(every),
        "county_ranges": found.ranges(counties),
        "prefecture_ranges": found.ranges(prefectures),
        "short": lambda value: _short(t, figure, value),
        "said": lambda tile: _said(t, figure, tile),
        "address": address,
        "Counting": Counting,
        "formats": ("json", "csv"),
    }
    return await page(datasette, request, "tile_map", context)


async def provinces(datasette: Any, figure: AskedFigure, year_shown: int) -> list[Tile]:
    """Every province with the figure of a year."""
    name = f"provinces by {figure.name} {year_shown}"
    every: list[Tile] = await kept(datasette, name, bounded(lambda db: found.of_provinces(db, figure, year_shown)))
    return every


def province_map(t: Translator, figure: AskedFigure, year_shown: int, every: list[Tile]) -> str:
    """The provinces as SVG, each tile leading to what lies in it."""
    asks = {"figure": figure.name} | ({"year": str(year_shown)} if year_shown else {})
    words = {
        tile.id: (
            "/map?" + urlencode(asks | {"place": tile.id}),
            _said(t, figure, tile),
            _short(t, figure, tile.value),
        )
        for tile in every
    }
    return found.drawn(_title(t, figure, year_shown), every, words, _sources(t, figure, every))


def _short(t: Translator, figure: AskedFigure, value: float | None) -> str:
    return "–" if value is None else found.short(value, share=figure.share, chinese=t.lang == "zh")


def _said(t: Translator, figure: AskedFigure, tile: Tile) -> str:
    value = number(tile.value, share=figure.share)
    if tile.total is None:
        return t(f"{tile.name}：没有报告", f"{tile.name}: no report")
    counted, known = tile.total.reports(), f"{tile.total.in_hand}/{tile.total.known}"
    return t(
        f"{tile.name}：{value}；计入报告{counted}份，机关{known}",
        f"{tile.name}: {value}; {counted} reports counted, bodies {known}",
    )


def _title(t: Translator, figure: AskedFigure, year_shown: int) -> str:
    return t(
        f"各省{figure.title[0]}，{year_shown}年（{figure.unit[0]}）",
        f"{figure.title[1]} by province, {year_shown} ({figure.unit[1]})",
    )


def _sources(t: Translator, figure: AskedFigure, every: list[Tile]) -> list[str]:
    """Of how many reports and bodies the map is."""
    totals = [tile.total for tile in every if tile.total]
    stated, verified = sum(map(figure.stated, totals)), sum(map(figure.verified, totals))
    in_hand, known = sum(total.in_hand for total in totals), sum(total.known for total in totals)
    share = f"{in_hand / known:.0%}" if known else "–"
    valued = sum(tile.value is not None for tile in every)
    return [
        t(
            f"据{valued}个省份、{stated:,}份载有该数的报告，其中已核验{verified:,}份",
            f"Provinces with a figure: {valued}; reports that state it: {stated:,}, of them verified: {verified:,}",
        ),
        t(
            f"已知机关{known:,}个，有该年度报告的占{share}；虚线框：没有报告",
            f"{known:,} bodies known, {share} with a report of the year; dashed: no report",
        ),
    ]


def _rows(figure: AskedFigure, chosen: int, every: list[Tile], inside: list[Row]) -> list[dict[str, Any]]:
    """A row for each tile that is shown."""
    shown: list[tuple[Tile, str | None]] = [(tile, None) for tile in every]
    if inside:
        shown = [(row.prefecture, None) for row in inside if row.prefecture]
        shown += [(tile, row.prefecture.id if row.prefecture else None) for row in inside for tile in row.counties]
    return [
        {
            "place_id": tile.id,
            "place": tile.name,
            "in_place_id": above,
            "report_year": chosen,
            "figure": figure.name,
            "value": tile.value,
            "reports_counted": tile.total.reports() if tile.total else 0,
            "reports_stating": figure.stated(tile.total) if tile.total else 0,
            "reports_verified": figure.verified(tile.total) if tile.total else 0,
            "bodies_in_hand": tile.total.in_hand if tile.total else 0,
            "bodies_known": tile.total.known if tile.total else 0,
        }
        for tile, above in shown
    ]
