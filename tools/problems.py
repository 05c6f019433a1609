"""Prints docs/problems.md from the vocabulary: `python -m tools.problems > docs/problems.md`."""

from __future__ import annotations

import sys

from archive.vocabulary import ProblemKind

HEAD = """# Problems

Everything that can go wrong, by the word in `problems.kind` and in what `scrapy health` prints. A problem that concerns a
single document is kept for the record; any other makes the portal unwell and the exit code of its crawl 1.

| kind | what happened | what to do | concerns |
|---|---|---|---|
"""


def page() -> str:
    """The text of docs/problems.md."""
    rows = (
        f"| `{kind}` | {kind.meaning} | {kind.remedy} | {'one document' if kind.concerns_document else 'the run'} |\n"
        for kind in ProblemKind
    )
    return HEAD + "".join(rows)


if __name__ == "__main__":
    sys.stdout.write(page())
