"""make interop: exports in the hands of other people's tools, in an environment of their own.

Serves and crawls two replicas, exports the archive, then: `warcio check`, the WACZ validator of py-wacz, and pywb, which
has to replay three pages, each as it was answered first and as a 304 confirmed it, with its title, and to give an archive
that lacks some reports what it has of them. Imported into an empty
archive, the exports give the same captures and the same reports.
"""

from __future__ import annotations

import re
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.demo.trs import Trs
from tests.crawling import crawl, scrapy
from tests.test_warc import captured, dump

PAGES = 3
GONE = 2
"""Documents of each portal that a second archive comes too late for."""


def main(tools: Path) -> int:
    """Every check; 1 if one fails. `tools` is the bin folder of an environment with pywb and wacz."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        archive = folder / "archive"
        with Server(Nfcms("qinghe", 10), Trs("hepan", 10, split=4)) as server:
            for _ in range(2):
                crawl(archive, *server, refresh="1")
            for replica in server:
                for document in replica.documents[:GONE]:
                    document.state = "404"
            crawl(folder / "lacking", *server)
        warc, wacz = folder / "export.warc.gz", folder / "export.wacz"
        done = [scrapy(archive, "export", out).returncode == 0 for out in (warc, wacz)]
        done.append(_told("warcio check", [sys.executable, "-m", "warcio.cli", "check", str(warc)]))
        done.append(_told("wacz validate", [str(tools / "wacz"), "validate", "--file", str(wacz)]))
        done.append(_replayed(tools, folder, warc, archive))
        done += [_returned(path, archive, folder / f"from-{path.name}") for path in (warc, wacz)]
    return int(not all(done))


def _told(what: str, command: list[str]) -> bool:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    print(f"{what}: {'passes' if done.returncode == 0 else 'FAILS'}")
    if done.returncode:
        print(done.stdout[-2000:], done.stderr[-2000:])
    return done.returncode == 0


def _replayed(tools: Path, folder: Path, warc: Path, archive: Path) -> bool:
    connection = sqlite3.connect(archive / "captures.db")
    sql = """SELECT a.url, a.requested_at, b.requested_at FROM captures a JOIN captures b ON b.url = a.url AND b.status = 304
             WHERE a.outcome = 'ok' AND a.url LIKE '%post_%' OR a.outcome = 'ok' AND a.url LIKE '%/t20%' GROUP BY a.url LIMIT ?"""
    pages = connection.execute(sql, (PAGES,)).fetchall()
    connection.close()
    for command in (["init", "export"], ["add", "export", str(warc)]):
        subprocess.run([str(tools / "wb-manager"), *command], cwd=folder, capture_output=True, check=True)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    pywb = subprocess.Popen(
        [str(tools / "wayback"), "-p", str(port), "-b", "127.0.0.1"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        kept = [_title(port, url, moment) for url, *moments in pages for moment in moments]
        brought_back = _brought_back(folder / "lacking", port)
    finally:
        pywb.terminate()
        pywb.wait()
    well = len(kept) == 2 * PAGES and all("年度报告" in title for title in kept)
    print(f"pywb replays {len(kept)} of {2 * PAGES} captures with their titles: {'yes' if well else f'NO, {kept}'}")
    return well and brought_back


def _brought_back(archive: Path, port: int) -> bool:
    done = scrapy(archive, "import", "--cdx", f"http://127.0.0.1:{port}/export/cdx", "-s", "DOWNLOAD_DELAY=0")
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        found = db.execute("SELECT COUNT(*) FROM reports WHERE state = 'missing'").fetchone()[0]
    well = done.returncode == 0 and found == 2 * GONE
    print(f"import --cdx brings back {found} of {2 * GONE} reports that are gone, from pywb: {'yes' if well else 'NO'}")
    return well


def _returned(path: Path, archive: Path, other: Path) -> bool:
    scrapy(other, "import", path)
    well = captured(other) == captured(archive) and dump(other) == dump(archive)
    print(f"{path.name} imported into an empty archive gives the same: {'yes' if well else 'NO'}")
    return well


def _title(port: int, url: str, moment: str) -> str:
    stamp = re.sub(r"\D", "", moment)[:14]
    address = f"http://127.0.0.1:{port}/export/{stamp}id_/{url}"
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(address, timeout=10) as answer:
                text = answer.read().decode("utf-8", "replace")
            break
        except urllib.error.HTTPError as error:
            return f"status {error.code}"
        except OSError:
            if time.monotonic() > deadline:
                return "no answer"
            time.sleep(0.2)
    found = re.search(r"<title>(.*?)</title>", text, re.DOTALL)
    return found[1] if found else "no title"


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
