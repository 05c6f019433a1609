"""Feed exports, `scrapy crawl PORTAL -O reports.jsonl`: of each report one flat object; items of other spiders as they are."""

from __future__ import annotations

import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

from scrapy import exporters

from archive.flat_report import Flattener
from archive.model import Report
from archive.room.untrusted_text import csv_cell, shown
from crawler.extensions.runs import is_archived

if TYPE_CHECKING:
    from scrapy.crawler import Crawler


class FlatReports(exporters.BaseItemExporter):
    """Goes before one of Scrapy's exporters."""

    @cached_property
    def _flattener(self) -> Flattener:
        return Flattener()

    def export_item(self, item: Any) -> None:
        """Every column of a report, whether it has a value or not."""
        if isinstance(item, Report):
            item = {name: self.written(value) for name, value in self._flattener.flatten(item).items()}
        super().export_item(item)  # type: ignore[safe-super]

    def written(self, value: Any) -> Any:
        """A value as the format takes it."""
        return value


class JsonLines(FlatReports, exporters.JsonLinesItemExporter):
    """One JSON object per line: jsonl, jsonlines, jl."""


class Json(FlatReports, exporters.JsonItemExporter):
    """One JSON array."""


class Csv(FlatReports, exporters.CsvItemExporter):
    """CSV; of a portal's crawl the header is the columns of a report, in order, also where nothing was read."""

    has_reports = False

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Items of other spiders have columns of their own."""
        exporter = cls(*args, **kwargs)
        exporter.has_reports = is_archived(crawler)
        return exporter

    def written(self, value: Any) -> Any:
        """No text that a spreadsheet would take for a formula."""
        return csv_cell(value)

    def export_item(self, item: Any) -> None:
        """The first item writes the header."""
        self.has_reports = False
        super().export_item(item)

    def finish_exporting(self) -> None:
        """Write the header that no item has written."""
        if self.has_reports:
            self.csv_writer.writerow(self._flattener.columns)
        super().finish_exporting()


class Xml(FlatReports, exporters.XmlItemExporter):
    """XML."""

    def written(self, value: Any) -> Any:
        """An empty element for None, and no character that XML cannot hold."""
        return shown(value, limit=sys.maxsize)


class Marshal(FlatReports, exporters.MarshalItemExporter):
    """Python's marshal."""


class Pickle(FlatReports, exporters.PickleItemExporter):
    """Python's pickle."""
