"""scrapy fetch URL: prints a page and leaves the archive alone."""

from scrapy.commands import fetch

from crawler.without_archive import WithoutArchive


class Command(WithoutArchive, fetch.Command):
    """Scrapy's command without the archive."""
