"""scrapy seal FILE: what the archive holds now, as a file that others can check."""

from __future__ import annotations

from argparse import Namespace
from pathlib import Path

from scrapy.exceptions import UsageError

from archive import seal
from crawler.command import WELL, ArchiveCommand


class Command(ArchiveCommand):
    """Writes a seal: the hashes of all captures and bodies, their root, their number and the moment.

    Deposited elsewhere, or its root timestamped, it proves later that nothing of them has changed or gone:
    scrapy verify --seal FILE. It holds no addresses and no texts. docs/keeping.md describes the format.
    """

    def syntax(self) -> str:
        """For `scrapy seal -h`."""
        return "FILE"

    def short_desc(self) -> str:
        """For `scrapy -h`."""
        return "Write what the archive holds as a file that others can check"

    def act(self, args: list[str], opts: Namespace) -> int:
        """Write, and print the root."""
        if len(args) != 1:
            raise UsageError("name one file: the seal")
        made = seal.write(self.archive, Path(args[0]))
        print(f"{made['captures']} captures and {made['bodies']} bodies sealed at {made['sealed_at']}")
        print(f"root {made['root']}")
        return WELL
