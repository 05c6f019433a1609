"""scrapy browse: the reading room, Datasette on the archive."""

from __future__ import annotations

import json
import os
import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path
from urllib.parse import urlsplit

import archive.room
from archive import Captures, Reports
from archive.database import ArchiveError
from archive.room import error_reports
from crawler.command import ArchiveCommand

CONFIGURATION = Path(archive.room.__file__).parent
"""Folder of metadata.yaml, settings.json, plugins, templates and static files."""
LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Command(ArchiveCommand):
    """Serves the reading room: both databases in a web browser, read-only, until Ctrl-C."""

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Browse the archive in a web browser (Datasette, read-only)"

    def add_options(self, parser: ArgumentParser) -> None:
        """`--port`, `--host`, `--https`, `--base-url`, `--downloads`, `--errors-to` and `--with-captures`."""
        super().add_options(parser)
        parser.add_argument("--port", type=int, default=8001, help="port to listen on (default: %(default)s)")
        parser.add_argument("--host", default="127.0.0.1", help="address to bind (default: this machine only)")
        parser.add_argument(
            "--https", action="store_true", help="write https links: a reverse proxy in front of this server speaks TLS"
        )
        parser.add_argument(
            "--base-url",
            metavar="URL",
            help="address at which visitors reach this server, for links, feeds and citations"
            " (default: http://HOST:PORT)",
        )
        parser.add_argument(
            "--errors-to",
            metavar="ADDRESS",
            help="where visitors report errors: mailto:NAME@HOST or https://HOST/PATH, which is sent the report, the cell"
            " and its value (default: they cannot)",
        )
        parser.add_argument(
            "--downloads",
            metavar="DIR",
            help="offer the files of this folder for download (export-data, a copy of a database)",
        )
        parser.add_argument("--with-captures", action="store_true", help="let visitors' SQL read captured bodies")

    def act(self, args: list[str], opts: Namespace) -> int:
        """Does not return while Datasette runs."""
        if not CONFIGURATION.is_dir():
            raise ArchiveError("the reading room cannot run from an egg; install the project: pip install .")
        databases = self._databases()
        if opts.host not in LOOPBACK:
            print(f"scrapy: on {opts.host} others can reach the server and read the whole archive", file=sys.stderr)
        command = [sys.executable, "-m", "datasette", "serve", *databases, *configuration()]
        if opts.https:
            command += ["--setting", "force_https_urls", "true"]
        set_here = {"WITH_CAPTURES", "DOWNLOADS", "PUBLISHED", error_reports.VARIABLE}
        environment = {name: value for name, value in os.environ.items() if name not in set_here}
        # Datasette loads the plugin by its path, and the plugin imports the project's packages
        environment["PYTHONPATH"] = os.pathsep.join(
            filter(None, [str(CONFIGURATION.parents[1]), os.environ.get("PYTHONPATH")])
        )
        environment["SQL_COMMAND"] = json.dumps(command)
        command += ["--host", opts.host, "--port", str(opts.port)]
        environment["BASE_URL"] = self._base_url(opts)
        if opts.errors_to:
            try:
                environment[error_reports.VARIABLE] = error_reports.checked(opts.errors_to)
            except ValueError as error:
                raise ArchiveError(f"--errors-to: {error}") from error
        if opts.with_captures:
            environment["WITH_CAPTURES"] = "1"
        if opts.downloads is not None:
            if not Path(opts.downloads).is_dir():
                raise ArchiveError(f"--downloads is no folder: {opts.downloads}")
            environment["DOWNLOADS"] = str(Path(opts.downloads).resolve())
        if opts.base_url is not None or opts.host not in LOOPBACK:
            environment["PUBLISHED"] = "1"
        os.execve(sys.executable, command, environment)  # noqa: S606 - a fixed program with our own arguments

    def _base_url(self, opts: Namespace) -> str:
        """Where visitors reach the server; never what a request says of it."""
        if opts.base_url is None:
            host = f"[{opts.host}]" if ":" in opts.host else opts.host
            return f"{'https' if opts.https else 'http'}://{host}:{opts.port}"
        parts = urlsplit(opts.base_url)
        if parts.scheme not in {"http", "https"} or not parts.netloc or parts.path.strip("/") or parts.query:
            raise ArchiveError(f"--base-url must be like https://archive.example, without a path: {opts.base_url}")
        return f"{parts.scheme}://{parts.netloc}"

    def _databases(self) -> list[str]:
        """Both files, brought up to date; reports.db alone where the captures were not published with it."""
        captures, reports = (self.archive / name for name in ("captures.db", "reports.db"))
        if not captures.exists() and not reports.exists():
            raise ArchiveError(f"there is no archive in {self.archive}; run scrapy crawl or scrapy import first")
        Reports(self.archive).close()
        if not captures.exists():
            return [str(reports.resolve())]
        Captures(self.archive).close()
        return [str(reports.resolve()), str(captures.resolve())]


def configuration() -> list[str]:
    """Datasette's options that make it the reading room."""
    options = ["--metadata", str(CONFIGURATION / "metadata.yaml")]
    options += ["--plugins-dir", str(CONFIGURATION / "plugins"), "--template-dir", str(CONFIGURATION / "templates")]
    options += ["--static", f"room:{CONFIGURATION / 'static'}"]
    for name, value in json.loads((CONFIGURATION / "settings.json").read_text(encoding="utf-8")).items():
        options += ["--setting", name, str(value).lower() if isinstance(value, bool) else str(value)]
    return options
