"""scrapy check [SPIDER …]: checks the contracts of spiders and leaves the archive alone."""

from scrapy.commands import check

from crawler.without_archive import WithoutArchive


class Command(WithoutArchive, check.Command):
    """Scrapy's command without the archive."""
