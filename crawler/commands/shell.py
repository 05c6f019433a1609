"""scrapy shell URL: tries selectors on a page and leaves the archive alone."""

from scrapy.commands import shell

from crawler.without_archive import WithoutArchive


class Command(WithoutArchive, shell.Command):
    """Scrapy's command without the archive."""
