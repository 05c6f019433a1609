#!/usr/bin/env python3
"""Functions that are too hard to read, by radon's cyclomatic complexity.

usage: complexity.py [FOLDER …]    prints one line per function above the limit and exits 1 if there is any

Ruff's C901 counts branches alone; radon also counts the operands of `and` and `or`, and comprehensions.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from radon.complexity import cc_visit

MOST = 20
"""Above it a function becomes a short sequence of named steps."""
FOLDERS = ("archive", "pipelines", "crawler", "spiders", "tools")


def findings(path: Path) -> Iterator[str]:
    """One line for each function or method of a file that is too complex."""
    for block in cc_visit(path.read_text(encoding="utf-8")):
        if block.letter != "C" and block.complexity > MOST:  # a class is judged by its methods
            yield f"{path}:{block.lineno}: {block.fullname} has complexity {block.complexity}, more than {MOST}"


def main() -> int:
    """Exit code 1 if anything is found."""
    folders = [Path(name) for name in sys.argv[1:] or FOLDERS]
    found = [line for folder in folders for path in sorted(folder.rglob("*.py")) for line in findings(path)]
    print("\n".join(found) or f"No function above complexity {MOST}.")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
