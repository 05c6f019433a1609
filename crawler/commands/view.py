"""scrapy view URL: shows a page in a browser and leaves the archive alone."""

from scrapy.commands import view

from crawler.without_archive import WithoutArchive


class Command(WithoutArchive, view.Command):
    """Scrapy's command without the archive."""
