"""scrapy survey HOSTS: from a list of sites to portals, by probe and trial crawl; --review for what a person must decide."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from collections import Counter
from pathlib import Path

from scrapy.exceptions import UsageError

from archive import ArchiveError, Captures, Reports
from archive.health import findings, known_portals
from crawler.command import UNWELL, WELL, ArchiveCommand, ExitCode, fail
from spiders.portal_table import WrongRowError, table_to_write, write_row
from spiders.registry import Registry
from spiders.survey import STOPPED, HostsError, Result, Results, Site, Survey, Verdict, folder_name, read_hosts


class Command(ArchiveCommand):
    """Probes the sites of a list, tries what it finds with a small crawl, and adds what that proves to the table of portals.

    HOSTS has an address or a host a line, with its SiteIDCode and its name behind it if they are known. A portal is
    accepted if its listing is walked, at least three reports are read with body, year and date, their place is the
    site's and nothing is unwell. The others wait for a person, who sees them with --review. A survey that was
    interrupted goes on where it was.

    Exit status: 0 every site is accepted or known, 1 some wait for a person, 2 it could not run, 130 it was stopped.
    """

    def syntax(self) -> str:
        """For `scrapy survey -h`."""
        return "[options] HOSTS | --unwell | --review"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Probe many sites, try them, and add those that prove to be portals"

    def add_options(self, parser: ArgumentParser) -> None:
        """What is surveyed, and what is shown."""
        super().add_options(parser)
        parser.add_argument("--review", action="store_true", help="show what waits for a person, one after the other")
        parser.add_argument("--unwell", action="store_true", help="survey the portals that scrapy health calls unwell")
        parser.add_argument("--again", action="store_true", help="survey what waits for a person once more")
        parser.add_argument(
            "--jobs", type=int, default=20, metavar="N", help="sites at a time (default: %(default)s), one an address"
        )

    def act(self, args: list[str], opts: Namespace) -> int:
        """Survey what is left to survey, or show the queue."""
        if self.archive.exists() and not self.archive.is_dir():
            raise ArchiveError(f"cannot open the archive {self.archive}: it is no directory")
        results = Results(self.archive)
        if opts.review:
            return self._review(results)
        if opts.jobs < 1:
            raise UsageError("--jobs takes 1 or more")
        sites, wrong = self._sites(args, opts)
        done = {url for url, r in results.by_url.items() if not (opts.again and r.verdict == Verdict.QUEUED)}
        waiting = [site for site in sites if site.portal or site.url not in done]
        survey = Survey(self.configuration, table_to_write(self.configuration), results, opts.jobs, _say)
        if waiting:
            survey.run(waiting)
        queued = _sum_up([results.by_url[site.url] for site in sites if site.url in results.by_url])
        if survey.is_stopped:
            print(f"scrapy: stopped; {STOPPED}", file=sys.stderr)
            return ExitCode.INTERRUPTED
        return UNWELL if queued or wrong else WELL

    def _sites(self, args: list[str], opts: Namespace) -> tuple[list[Site], bool]:
        """What is to be surveyed, and whether a line of the list names no site."""
        if opts.unwell and not args:
            return self._unwell(), False
        if opts.unwell or len(args) != 1:
            raise UsageError("name one file of hosts, or --unwell, or --review")
        return _sites(Path(args[0]))

    def _unwell(self) -> list[Site]:
        """The homes of portals that are unwell: they may have moved."""
        captures, reports = Captures(self.archive), Reports.read_or_empty(self.archive)
        portals = {portal.name: portal for portal in Registry(self.configuration)}
        try:
            crawled = sorted(known_portals(captures) & portals.keys())
            unwell = {found.portal for found in findings(captures, reports, crawled) if found.unwell}
        finally:
            captures.close()
            reports.db.close()
        return [Site(portals[name].home, portal=name) for name in sorted(unwell)]

    def _review(self, results: Results) -> int:
        """One after the other; on a terminal a person decides, elsewhere all are printed."""
        queue = results.queue()
        for number, result in enumerate(queue, 1):
            print(f"\n{number} of {len(queue)}: {result.url}")
            print("\n".join(f"  found    {line}" for line in result.found))
            print("\n".join(f"  missing  {line}" for line in result.missing))
            print("\n".join(f"  {name:<8} {cell}" for name, cell in result.row.items() if cell))
            if (pages := results.path.with_name(folder_name(result.url))).is_dir():
                print(f"  pages    ARCHIVE={pages} scrapy browse")
            if not (sys.stdin.isatty() and sys.stdout.isatty()):
                continue
            answer = input("a accept, d dismiss, Enter next, q quit: ").strip().lower()
            if answer == "q":
                break
            if answer == "a":
                self._accept(results, result)
            elif answer == "d":
                result.verdict = Verdict.DISMISSED
                results.add(result)
        left = len(results.queue())
        print(f"\n{left} wait for a person" if left else "\nnothing waits for a person")
        return UNWELL if left else WELL

    def _accept(self, results: Results, result: Result) -> None:
        table = table_to_write(self.configuration)
        try:
            write_row(table, result.row)
        except (WrongRowError, OSError) as error:
            fail(f"{table}: {error}; probe the column itself")
            return
        result.verdict = Verdict.ACCEPTED
        results.add(result)
        print(f"Wrote {result.row['name']} to {table}")


def _sites(path: Path) -> tuple[list[Site], bool]:
    """The sites of a file, and whether a line names none. Raises ArchiveError where it cannot be read."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ArchiveError(f"cannot read {path}: {error}") from error
    sites, wrong = [], False
    for found in read_hosts(lines):
        if isinstance(found, HostsError):
            fail(f"{path}, {found}")
            wrong = True
        else:
            sites.append(found)
    return sites, wrong


def _sum_up(found: list[Result]) -> int:
    """Say how many sites there are of each verdict; returns how many wait for a person."""
    counts = Counter(result.verdict for result in found)
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items())) or "no site is judged yet")
    if counts[Verdict.QUEUED]:
        print(f"{counts[Verdict.QUEUED]} wait for a person: scrapy survey --review")
    return counts[Verdict.QUEUED]


def _say(result: Result) -> None:
    """A line for each site as soon as it is judged."""
    why = (
        result.row.get("name", "") if result.verdict == Verdict.ACCEPTED else "; ".join(result.missing or result.found)
    )
    print(f"{result.verdict} {result.url} {why}")
    sys.stdout.flush()
