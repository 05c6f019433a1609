"""JSON that others wrote."""

from __future__ import annotations

import json
from typing import Any


def parsed(text: str | bytes) -> Any:
    """What a text of JSON says. Raises ValueError for what is none, or has deeper brackets than Python follows."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("the brackets of the JSON go too deep") from error
