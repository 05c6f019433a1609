"""Temporary files do not outlive the process that needs them, even where it is killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.crawling import ROOT

READING = """
from pathlib import Path
from pipelines.ingest.sandbox import READER
from pipelines.errors import DocumentError
try:
    READER.read(b"no document", "docx")
except DocumentError:
    pass
print("read", flush=True)
input()
"""


def test_a_killed_reader_leaves_no_folder(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", READING],
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"read\n"
    assert list(tmp_path.glob("tongjian-*"))
    process.kill()
    process.wait()
    until = time.monotonic() + 30
    while list(tmp_path.glob("tongjian-*")):
        assert time.monotonic() < until
        time.sleep(0.05)
