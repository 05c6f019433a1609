"""What a crawl of a few documents proves of a portal that nobody has crawled before."""

from __future__ import annotations

from dataclasses import dataclass

from archive.reports import Reports
from archive.vocabulary import ReportState

_READ = f"""
SELECT url, title, issuing_body, report_year, published, division_code FROM reports
WHERE portal = ? AND state = '{ReportState.LIVE}' ORDER BY url
"""  # noqa: S608 - a word of the vocabulary


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What identifies a report."""

    url: str
    title: str | None
    issuing_body: str | None
    report_year: int | None
    published: str | None
    division_code: str | None

    @property
    def is_identified(self) -> bool:
        """Whether body, year and date are known."""
        return bool(self.issuing_body and self.report_year and self.published)


def reports_of(reports: Reports, portal: str) -> list[ReadReport]:
    """The reports that were read from a portal and are still there."""
    return [ReadReport(*row) for row in reports.db.execute(_READ, (portal,))]
