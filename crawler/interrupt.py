"""Ctrl-C while a command is still being loaded: a line, as later, and no traceback."""

from __future__ import annotations

import sys
from types import TracebackType


def end_in_a_line() -> None:
    """From now on, a KeyboardInterrupt that nothing catches is told in a line. Python ends as that signal ends a program: 130."""
    usual = sys.excepthook

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print("scrapy: interrupted", file=sys.stderr)
        else:
            usual(kind, error, trace)

    sys.excepthook = tell
