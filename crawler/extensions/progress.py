"""Crawls as a person watches them: a moving line a portal on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from scrapy import signals

from archive import Captures
from archive.health import last_run
from crawler.extensions.runs import Runs

if TYPE_CHECKING:
    from rich.progress import TaskID
    from scrapy.crawler import Crawler

    from crawler.fleet import Crawl

PLAIN_EVERY_S = 5.0
TICK_S = 1.0


class Crawls:
    """Shows the crawls that are handed to `watch`; a context manager around their run."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bars = Progress(
            SpinnerColumn(finished_text="[green]✓"),
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.completed:>4.0f}/{task.total:.0f} documents"),
            TextColumn("[dim]{task.fields[told]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self.spoken = 0.0

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bars.stop()

    def watch(self, crawler: Crawler, name: str) -> None:
        """Follow one crawl from its first request to its end."""
        task = self.bars.add_task(name, total=1, told="waiting")

        def show(**_: Any) -> None:
            self._show(crawler, name, task)

        def done(**_: Any) -> None:
            self._done(crawler, name, task)

        for signal in (signals.response_received, signals.item_scraped, signals.request_dropped):
            crawler.signals.connect(show, signal, weak=False)
        crawler.signals.connect(done, signals.spider_closed, weak=False)

    def _show(self, crawler: Crawler, name: str, task: TaskID) -> None:
        counts, wanted = _counts(crawler), len(getattr(crawler.spider, "found", ()))
        self.bars.update(task, total=max(wanted, 1), completed=min(_settled(counts), wanted), told=_told(counts))
        if not self.console.is_terminal and time.monotonic() - self.spoken > PLAIN_EVERY_S:
            self.spoken = time.monotonic()
            self.console.print(f"{name}: {_told(counts)}")

    def _done(self, crawler: Crawler, name: str, task: TaskID) -> None:
        counts, wanted = _counts(crawler), max(len(getattr(crawler.spider, "found", ())), 1)
        self.bars.update(task, total=wanted, completed=wanted, told=_told(counts))
        if not self.console.is_terminal:
            self.console.print(f"{name}: done, {_told(counts)}")


class Fleet:
    """Shows portals that are crawled in processes of their own; a context manager around their run."""

    def __init__(self, console: Console, archive: Path, total: int) -> None:
        self.console = console
        self.total = total
        self.tasks: dict[str, TaskID] = {}
        self.captures = Captures(archive)
        self.bars = Progress(
            SpinnerColumn(),
            TextColumn("[bold]{task.description}"),
            TextColumn("[dim]{task.fields[told]}"),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.finished = 0

    def __enter__(self) -> Self:
        self.bars.start()
        self.ticking = asyncio.get_running_loop().call_later(TICK_S, self._tick)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ticking.cancel()
        self.bars.stop()
        self.captures.close()

    def begun(self, name: str) -> None:
        """A portal's process has been started."""
        self.tasks[name] = self.bars.add_task(name, total=None, told="starting")
        if not self.console.is_terminal:
            self.console.print(f"{name}: started", soft_wrap=True)

    def done(self, crawl: Crawl) -> None:
        """A portal's process has ended."""
        self.bars.remove_task(self.tasks.pop(crawl.portal))
        self.finished += 1
        mark = {0: "[green]✓[/]", 1: "[yellow]![/]"}.get(crawl.exit_code, "[red]✗[/]")
        why = [*map(str, crawl.stats.get("unwell", ())), *([escape(crawl.message)] if crawl.message else [])]
        told = ", ".join([_told(crawl.stats), *why] if crawl.stats else why)
        self.console.print(
            f"{mark} {self.finished}/{self.total} {crawl.portal}: {crawl.result}, {crawl.seconds:.0f} s; {told}",
            soft_wrap=True,
        )

    def _tick(self) -> None:
        """The archive itself says how far the portals are."""
        if self.console.is_terminal:
            for name, task in self.tasks.items():
                run = last_run(self.captures, name)
                if run is not None and run.finish_reason is None:
                    self.bars.update(task, told=f"{run.captured} requests")
        self.ticking = asyncio.get_running_loop().call_later(TICK_S, self._tick)


def _counts(crawler: Crawler) -> dict[str, Any]:
    runs = crawler.get_extension(Runs)
    return runs.counts() if runs else {}


def _settled(counts: dict[str, Any]) -> int:
    """Documents of which this run knows what became of them."""
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


def _told(counts: dict[str, Any]) -> str:
    problems = sum(value for name, value in counts.items() if name.startswith("problems/"))
    told = [f"{counts.get('entries/listed', 0)} listed", f"{counts.get('reports/new', 0)} new"]
    told += [f"{counts['reports/changed']} changed"] if counts.get("reports/changed") else []
    told += [f"{counts['entries/known']} known"] if counts.get("entries/known") else []
    told += [f"{problems} problems"] if problems else []
    return ", ".join(told)


class Counting:
    """Shows how far a long count is, with its rate and what remains; a context manager around it."""

    def __init__(self, console: Console, what: str) -> None:
        self.console = console
        self.what = what
        self.bar = Progress(
            SpinnerColumn(),
            TextColumn(f"{{task.completed:,.0f}}/{{task.total:,.0f}} {what}"),
            BarColumn(bar_width=28),
            TextColumn("[dim]{task.fields[told]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self.task = self.bar.add_task(what, total=None, told="")
        self.begun = self.spoken = time.monotonic()

    def __enter__(self) -> Self:
        self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.bar.stop()

    def show(self, done: int, total: int) -> None:
        """So many of so many are done."""
        now = time.monotonic()
        rate = done / max(now - self.begun, 1e-6)
        self.bar.update(self.task, completed=done, total=total, told=f"{rate:,.0f}/s")
        if not self.console.is_terminal and now - self.spoken > PLAIN_EVERY_S:
            self.spoken = now
            remaining = (total - done) / rate if rate else 0.0
            self.console.print(
                f"{done:,}/{total:,} {self.what}, {rate:,.0f}/s, {remaining:,.0f} s to go", highlight=False
            )
