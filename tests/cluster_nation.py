"""Many portals crawled by the workers of a Dask cluster, one of which is killed; then the scheduler falls silent, and dies.

`python -m tests.cluster_nation`, or `make soak`. In the end the archive is that of crawls of single portals, each ledger
balances, no address ever answered two requests at once or sooner than its pace, and none was asked anything when a lease
was over.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from crawler.demo.server import Server
from tests.crawling import ROOT
from tests.nation import addresses, declare, is_whole, replicas, start, wait_for
from tests.unreliable import fail

LEASE_S = 10.0


def dask(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """A scheduler, or a worker, as a shell would start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--no-dashboard"],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=(folder / f"{arguments[0]}.log").open("ab"),
    )


@contextmanager
def cluster(folder: Path, workers: int) -> Iterator[tuple[str, list[subprocess.Popen[bytes]]]]:
    """The address of a scheduler; its process and those of so many workers."""
    from distributed import Client

    told = folder / "scheduler.json"
    told.unlink(missing_ok=True)
    processes = [dask(folder, "scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(told))]
    try:
        address = _address(told, processes[0])
        places = [f"--local-directory={folder / f'worker{number}'}" for number in range(workers)]
        processes += [dask(folder, "worker", address, "--nthreads", "1", "--no-nanny", place) for place in places]
        with Client(address, timeout=60, set_as_default=False) as client:
            client.wait_for_workers(workers, timeout=120)
        yield address, processes
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _address(told: Path, scheduler: subprocess.Popen[bytes]) -> str:
    """Where a scheduler listens, once it says so in its file: a port chosen for it might be taken before it begins."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if scheduler.poll() is not None:
            raise RuntimeError(f"the scheduler ended with exit code {scheduler.returncode}")
        with suppress(FileNotFoundError, json.JSONDecodeError):  # not there, or not written to its end
            return str(json.loads(told.read_text(encoding="utf-8"))["address"])
        time.sleep(0.05)
    raise TimeoutError("the scheduler has not begun within 60 seconds")


def arguments(address: str) -> tuple[str, ...]:
    """Of a crawl-all there."""
    return "--scheduler", address, "-s", f"CLUSTER_LEASE={LEASE_S}"


def disturbed(folder: Path, server: Server, expected: int, share: float) -> list[int]:
    """A run with faults, one worker killed; then healthy ones until all is well. Their exit codes."""
    with cluster(folder, 2) as (address, (_, first, _second)):
        fail(server, share, 1)
        run = start(folder, *arguments(address))
        wait_for(server, expected // 3, run)
        first.kill()
        run.wait()
        codes = [run.returncode]
        fail(server, 0.0, 1)
        while codes[-1] != 0 and len(codes) < 6:
            run = start(folder, *arguments(address))
            run.wait()
            codes.append(run.returncode)
        if codes[-1]:
            print((folder / "stderr").read_text(encoding="utf-8")[-2000:])
    return codes


def parted(folder: Path, server: Server, expected: int, number: signal.Signals) -> tuple[int, float, str]:
    """A run whose scheduler gets a signal. Its exit code, when after it the last request came, and what it said."""
    for replica in server:
        replica.log.clear()
    with cluster(folder, 2) as (address, (scheduler, *_)):
        run = start(folder, *arguments(address))
        wait_for(server, expected // 4, run)
        scheduler.send_signal(number)
        moment = time.monotonic()
        run.wait()
        said = (folder / "stderr").read_text(encoding="utf-8").strip().splitlines()[-1]
        time.sleep(LEASE_S)
    last = max(hit.time for replica in server for hit in replica.log)
    return run.returncode, last - moment, said


def main(argv: Sequence[str] | None = None) -> int:
    """One nation."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--portals", type=int, default=300)
    parser.add_argument("--addresses", type=int, default=250)
    parser.add_argument("--reports", type=int, default=6)
    parser.add_argument("--share", type=float, default=0.05, help="of answers that are faulty")
    chosen = parser.parse_args(argv)
    hosts = addresses(chosen.portals, chosen.addresses)
    expected = chosen.portals * (chosen.reports + 2)
    with (
        tempfile.TemporaryDirectory() as name,
        Server(*replicas(chosen.portals, chosen.reports, chosen.addresses), addresses=hosts) as server,
    ):
        folder = Path(name)
        declare(folder, server)
        codes = disturbed(folder, server, expected, chosen.share)
        whole = is_whole(folder, server, codes)
        late = 0
        for number in (signal.SIGSTOP, signal.SIGKILL):
            shutil.rmtree(folder / "archive")
            code, last, said = parted(folder, server, expected, number)
            print(
                f"{number.name}: exit {code}, last request {last:.1f} s after it (lease {LEASE_S:.0f} s): {said}",
                flush=True,
            )
            late += last > LEASE_S
        return int(not whole or late > 0)


if __name__ == "__main__":
    sys.exit(main())
