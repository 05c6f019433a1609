"""scrapy parse URL: shows what a spider makes of a page and leaves the archive alone."""

from scrapy.commands import parse

from crawler.without_archive import WithoutArchive


class Command(WithoutArchive, parse.Command):
    """Scrapy's command without the archive."""
