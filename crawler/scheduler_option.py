"""`--scheduler`: the option of what can be done on a Dask cluster."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from importlib.util import find_spec
from ipaddress import ip_address
from socket import getaddrinfo
from urllib.parse import urlsplit

from scrapy.exceptions import UsageError

from archive import ArchiveError


def add_scheduler(parser: ArgumentParser, does: str) -> None:
    """Add the option to a command whose work the cluster `does`."""
    parser.add_argument(
        "--scheduler", metavar="ADDRESS", help=f"a Dask cluster {does}: the address of its scheduler, tls://HOST:8786"
    )


def check_scheduler(address: str | None) -> None:
    """Raises UsageError for what is no address, ArchiveError without the extra; warns of an open network."""
    if address is None:
        return
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError as error:
        raise UsageError(f"--scheduler: {error}") from error
    if parts.scheme not in {"tls", "tcp"} or not parts.hostname or port is None:
        raise UsageError("--scheduler takes tls://HOST:PORT, or tcp://HOST:PORT in a network of your own")
    if find_spec("distributed") is None:
        raise ArchiveError("--scheduler needs Dask: pip install 'tongjian[cluster]'")
    if parts.scheme == "tcp" and not _is_loopback(parts.hostname):
        print(
            f"scrapy: {address} is not encrypted, and whoever reaches a cluster can run programs on it; use tls://",
            file=sys.stderr,
        )


def _is_loopback(host: str) -> bool:
    try:
        found = {str(place[4][0]).partition("%")[0] for place in getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ip_address(one).is_loopback for one in found)
