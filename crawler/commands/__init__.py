"""The commands: what people type. Each module is one command, `scrapy NAME`; it holds arguments and output, no work.

Import from every floor below; nothing imports a command. `crawler.command.ArchiveCommand` is the base class of all that
use the archive. Next: `spiders.registry` for portals, `pipelines.ingest` and `archive` for the work.
"""

from crawler.interrupt import end_in_a_line

end_in_a_line()  # Scrapy imports all commands before it runs one, which takes a second or two
