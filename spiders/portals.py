"""The portals that are rows of a table, where Scrapy's spider loader looks for spiders.

A row needs no more; a portal that needs code has a file of its own beside this one.
"""

from scrapy.settings import BaseSettings
from scrapy.utils.project import get_project_settings

from spiders import portal_table


def load(settings: BaseSettings) -> dict[str, str]:
    """Make the spiders of the tables that the settings name; returns file and line → why a row is none."""
    table = portal_table.read_tables(settings)
    for name in [name for name in globals() if name.isupper()]:
        del globals()[name]
    globals().update({portal.name.upper(): portal for portal in table.portals})
    return dict(table.wrong)


load(get_project_settings())
