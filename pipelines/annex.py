"""The annex before 2019 (table one): 统计表 of indicators, national (2014), Fujian or Dingxi, one indicator a row."""

from __future__ import annotations

from pipelines.national import Table
from pipelines.tables import Grid


def read_annex(grids: list[Grid], report_year: int | None) -> list[Table]:
    return []
