"""Progress of crawls and counts: moving lines on a terminal, a plain line every few seconds elsewhere."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from scrapy import signals

from crawler.extensions.runs import Runs

if TYPE_CHECKING:
    from rich.progress import TaskID
    from scrapy.crawler import Crawler

    from crawler.fleet import Crawl, Dealer

PLAIN_EVERY_S = 5.0
FLEET_EVERY_S = 60.0
TICK_S = 1.0


class Crawls:
    """Shows the crawls of this process that are given to `watch`; a context manager around their run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.completed:>4.0f}/{task.total:.0f} documents"),
            TextColumn("[dim]{task.fields[summary]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.printed_at = 0.0

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bars.stop()

    def watch(self, crawler: Crawler, name: str) -> None:
        """Follow one crawl from its first request to its end."""
        task = self.bars.add_task(name, total=1, summary="waiting")

        def show(**_: Any) -> None:
            self._show(crawler, name, task)

        def done(**_: Any) -> None:
            self._done(crawler, name, task)

        for signal in (signals.response_received, signals.item_scraped, signals.request_dropped):
            crawler.signals.connect(show, signal, weak=False)
        crawler.signals.connect(done, signals.spider_closed, weak=False)

    def _show(self, crawler: Crawler, name: str, task: TaskID) -> None:
        counts, wanted = _counts(crawler), len(getattr(crawler.spider, "found", ()))
        self.bars.update(task, total=max(wanted, 1), completed=min(_settled(counts), wanted), summary=_summary(counts))
        if not self.console.is_terminal and time.monotonic() - self.printed_at > PLAIN_EVERY_S:
            self.printed_at = time.monotonic()
            self.console.print(f"{name}: {_summary(counts)}")

    def _done(self, crawler: Crawler, name: str, task: TaskID) -> None:
        counts, wanted = _counts(crawler), max(len(getattr(crawler.spider, "found", ())), 1)
        self.bars.update(task, total=wanted, completed=wanted, summary=_summary(counts))
        if not self.console.is_terminal:
            self.console.print(f"{name}: done, {_summary(counts)}")


class FleetProgress:
    """Shows how far a fleet is: a line for each portal that is done, and one for all that are not; a context manager."""

    def __init__(self, console: Console, fleet: Dealer, total: int) -> None:
        self.console = console
        self.fleet = fleet
        self.total = total
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,.0f}/{task.total:,.0f} portals"),
            BarColumn(bar_width=28),
            TextColumn("[dim]{task.fields[summary]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task("portals", total=total, summary="starting")
        self.finished = 0
        self.started_at = self.printed_at = time.monotonic()

    def __enter__(self) -> Self:
        self.bar.start()
        self.ticking = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ticking.cancel()
        self.bar.stop()

    def done(self, crawl: Crawl) -> None:
        """The crawl of a portal has ended."""
        self.finished += 1
        mark = {0: "[green]✓[/]", 1: "[yellow]![/]"}.get(crawl.exit_code, "[red]✗[/]")
        why = [*map(str, crawl.stats.get("unwell", ())), *([escape(crawl.message)] if crawl.message else [])]
        summary = ", ".join([_summary(crawl.stats), *why] if crawl.stats else why)
        self.console.print(
            f"{mark} {self.finished:,}/{self.total:,} {crawl.portal}: {crawl.result}, {crawl.seconds:.0f} s; {summary}",
            soft_wrap=True,
        )

    def _tick(self) -> None:
        """Show how many portals are being crawled, and how fast requests are sent."""
        now = time.monotonic()
        rate = self.fleet.requests / (now - self.started_at)
        summary = f"{self.fleet.running:,} being crawled, {self.fleet.requests:,} requests, {rate:,.1f}/s"
        self.bar.update(self.task, completed=self.finished, summary=summary)
        if not self.console.is_terminal and now - self.printed_at > FLEET_EVERY_S:
            self.printed_at = now
            self.console.print(f"{self.finished:,}/{self.total:,} portals, {summary}", highlight=False)
        self.ticking = asyncio.get_running_loop().call_later(TICK_S, self._tick)


def _counts(crawler: Crawler) -> dict[str, Any]:
    runs = crawler.get_extension(Runs)
    return runs.counts() if runs else {}


def _settled(counts: dict[str, Any]) -> int:
    """The number of documents whose result is known in this run."""
    named = (
        "entries/known",
        "entries/left_alone",
        "reports/new",
        "reports/changed",
        "reports/unchanged",
        "reports/none",
        "problems/missing",
        "problems/blocked",
        "problems/error",
    )
    return sum(int(counts.get(name, 0)) for name in named)


def _summary(counts: dict[str, Any]) -> str:
    problems = sum(value for name, value in counts.items() if name.startswith("problems/"))
    parts = [f"{counts.get('entries/listed', 0)} listed", f"{counts.get('reports/new', 0)} new"]
    parts += [f"{counts['reports/changed']} changed"] if counts.get("reports/changed") else []
    parts += [f"{counts['entries/known']} known"] if counts.get("entries/known") else []
    parts += [f"{problems} problems"] if problems else []
    return ", ".join(parts)


class Counting:
    """Shows how far a long count is, its rate and the time left; a context manager around it."""

    def __init__(self, console: Console, what: str) -> None:
        self.console = console
        self.what = what
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn(f"{{task.completed:,.0f}}/{{task.total:,.0f}} {what}"),
            BarColumn(bar_width=28),
            TextColumn("[dim]{task.fields[summary]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task(what, total=None, summary="")
        self.started_at = self.printed_at = time.monotonic()

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def show(self, done: int, total: int) -> None:
        """`done` of `total` are done."""
        now = time.monotonic()
        rate = done / max(now - self.started_at, 1e-6)
        self.bar.update(self.task, completed=done, total=total, summary=f"{rate:,.0f}/s")
        if not self.console.is_terminal and now - self.printed_at > PLAIN_EVERY_S:
            self.printed_at = now
            remaining = (total - done) / rate if rate else 0.0
            self.console.print(
                f"{done:,}/{total:,} {self.what}, {rate:,.0f}/s, {remaining:,.0f} s left", highlight=False
            )
