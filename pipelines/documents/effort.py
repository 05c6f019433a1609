"""What a reader calls before a step that takes far more time and memory than others; the sandbox raises its limits there."""

from __future__ import annotations

from collections.abc import Callable


def _no_limits() -> None:
    """Outside the sandbox nothing is limited."""


before_picture: Callable[[], None] = _no_limits
"""Called before each picture, and each page that is read as one."""
