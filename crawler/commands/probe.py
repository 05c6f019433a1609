"""scrapy probe URL [--save NAME]: what a site runs on, where its annual reports are, and the portal that it makes."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures
from crawler.command import UNWELL, WELL, ArchiveCommand
from crawler.process import CrawlProcess
from spiders.portal_file import ProposedPortal, name_from, propose, save, save_fixture
from spiders.portal_table import OWN, WrongRowError, is_portal_name, table_to_write
from spiders.probing import Probe
from spiders.registry import Registry


class Command(ArchiveCommand):
    """Recognises the platform of a site, finds its columns of annual reports and prints the portal file for it.

    The evidence goes to standard error. What was fetched is kept in the archive.

    Exit status: 0 platform and columns are found, 1 a person has to look, 2 the page could not be fetched.
    """

    def syntax(self) -> str:
        """For `scrapy probe -h`."""
        return "[--save NAME] URL"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Recognise a site's platform, find its annual reports, print a portal file"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--save NAME`."""
        super().add_options(parser)
        parser.add_argument(
            "--save", metavar="NAME", help="add a row to the table of portals, and a fixture to tests/pages/ in a clone"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Crawl, propose, print, and with --save write."""
        if len(args) != 1 or urlsplit(args[0]).scheme not in {"http", "https"}:
            raise UsageError("name the address of one home page or column, with http:// or https://")
        name = opts.save or name_from(args[0])
        if not is_portal_name(name):
            raise UsageError(f"{name!r} is no valid portal name: use lower-case letters, digits and _, a letter first")
        if opts.save and name in Registry(self.configuration):
            raise ArchiveError(f"portal {name!r} exists already")
        Captures(self.archive).close()
        probe = self._crawl(args[0])
        if not probe.pages:
            raise ArchiveError(f"could not fetch {args[0]}: {'; '.join(probe.failed.values()) or 'no response'}")
        proposed = propose(name, probe)
        self._explain(probe, proposed)
        print(proposed.source, end="")
        has_columns = bool(proposed.portal.listings)
        if opts.save and has_columns:
            self._save(proposed, probe)
        return WELL if proposed.fingerprints and has_columns else UNWELL

    def _save(self, proposed: ProposedPortal, probe: Probe) -> None:
        """The row where portals are read from; the fixture only beside the project's own table."""
        table = table_to_write(self.configuration)
        try:
            save(table, proposed, probe)
        except (WrongRowError, OSError) as error:
            raise ArchiveError(f"cannot write {table}: {error}") from error
        written = [str(table)]
        if table == OWN:
            written.append(f"{save_fixture(OWN.parent.parent / 'tests' / 'pages', proposed, probe)}/listing.*")
        print(f"Wrote {' and '.join(written)}", file=sys.stderr)

    def _crawl(self, url: str) -> Probe:
        process = CrawlProcess(self.configuration)
        crawler = process.create_crawler(Probe)
        process.crawl(crawler, url=url)
        process.start()
        if not isinstance(crawler.spider, Probe):
            raise ArchiveError("the probe did not start")
        return crawler.spider

    def _explain(self, probe: Probe, proposed: ProposedPortal) -> None:
        """Print the evidence on standard error: standard output is the file."""
        portal, fingerprints = proposed.portal, proposed.fingerprints
        lines = [
            f"platform {portal.platform}, recognised by {', '.join(fingerprints)}"
            if fingerprints
            else "no known platform; try the class Links, which follows 下一页, and see docs/portals.md"
        ]
        for url, name in probe.columns.items():
            lines.append(_told(probe, proposed, url, name))
        lines += [f"{url}: {why}" for url, why in probe.failed.items() if url not in probe.columns]
        if not portal.listings:
            lines.append(_way_on(probe))
        if portal.division_code is None:
            lines.append("no division found in the site's name: fill in division_code, division and level")
        print("\n".join(lines), file=sys.stderr)


def _told(probe: Probe, proposed: ProposedPortal, url: str, name: str) -> str:
    """A column in a line: how many rows it shows, and where they come from if not from its page."""
    if url not in proposed.portal.listings:
        nothing = "its service answers no rows" if url in probe.answers else "lists nothing new"
        return f"{probe.failed.get(url, nothing)}: {name} {url}"
    services = [answer.url.partition("?")[0] for answer in probe.answers.get(url, ())]
    source = f" from {', '.join(dict.fromkeys(services))}" if services else ""
    categories = f", {'、'.join(probe.names[url])}" if probe.names.get(url) else ""
    rows = proposed.rows[url]
    shown = f"{rows} entr{'y' if rows == 1 else 'ies'}{source}{categories}" if rows else "leads to other columns"
    return f"column: {name} {url} ({shown})"


def _way_on(probe: Probe) -> str:
    """What a person can do where no column was found."""
    page = next(iter(probe.pages.values()))
    if page.url in probe.failed or not urlsplit(page.url).path.strip("/"):
        return "no column of annual reports found: find it in a browser and probe its address"
    return (
        f"no column of annual reports found: {page.url} links no report. If a browser shows reports there, a script fills "
        "the page from an address that is not known here: look in the browser's developer tools for what the page "
        "requests, and probe that. Otherwise probe the page that shows them"
    )
