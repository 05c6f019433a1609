"""An export as a file: WARC or WACZ, under its name only when it is whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from archive.captures import Captures
from archive.database import ArchiveError
from archive.reports import Reports
from archive.warc.wacz import pack
from archive.warc.writer import Export, ExportSelection, Written

_PROGRESS_EVERY = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    captures: int
    size: int
    """Bytes of the file."""
    damaged: list[str]
    """Captures that were left out, and what is wrong with each."""


def report_urls(archive: Path, portal: str | None) -> frozenset[str]:
    """The addresses of all reports, or of those of one portal, and of their documents.

    Raises ArchiveError where there is no reports.db.
    """
    if not (archive / "reports.db").is_file():
        raise ArchiveError(f"there is no reports.db in {archive}; run scrapy reparse first")
    reports = Reports(archive, read_only=True)
    urls = reports.urls(portal)
    reports.db.close()
    return urls


def export_file(
    archive: Path, out: Path, selection: ExportSelection, progress: Callable[[int, int], None], *, as_wacz: bool
) -> Exported:
    """Write the selected captures of `archive` into the file `out`, compressed where its name ends in .gz.

    Captures that are damaged are left out. `progress` is called with the captures written and the captures there are. Raises ArchiveError when there is no
    archive or `out` cannot be written; `out` is then as it was.
    """
    captures = Captures(archive, read_only=True)
    try:
        with _workplace(out) as folder:
            whole = folder / "out"
            warc = folder / "data.warc.gz" if as_wacz else whole
            with warc.open("wb") as stream:
                export = Export(captures, stream, is_gzip=as_wacz or out.name.endswith(".gz"))
                written = _write(export, selection, warc.name if as_wacz else out.name, progress, keep=as_wacz)
            if as_wacz:
                pack(whole, warc, written, _titles(archive))
            whole.replace(out)
        return Exported(captures=export.count, size=out.stat().st_size, damaged=export.damaged)
    except OSError as error:
        raise ArchiveError(f"cannot write {out}: {error}") from error
    finally:
        captures.close()


@contextmanager
def _workplace(out: Path) -> Iterator[Path]:
    """A folder beside `out`, so that what is made in it can be renamed to `out`; what a killed export left in it goes."""
    folder = out.with_name(f".{out.name}.export")
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    finally:
        for name in ("out", "data.warc.gz"):
            (folder / name).unlink(missing_ok=True)
        folder.rmdir()


def _write(
    export: Export, selection: ExportSelection, name: str, progress: Callable[[int, int], None], *, keep: bool
) -> list[Written]:
    """Write everything; returns what replay can be asked for if that is to be kept."""
    total = export.captures.count()
    kept = []
    for record in export.write(selection, name):
        if keep:
            kept.append(record)
        if export.count % _PROGRESS_EVERY == 0:
            progress(export.count, total)
    return kept


def _titles(archive: Path) -> dict[str, str]:
    """Address → title of every report, where there is a reports.db."""
    if not (archive / "reports.db").is_file():
        return {}
    reports = Reports(archive, read_only=True)
    titles = reports.titles()
    reports.db.close()
    return titles
