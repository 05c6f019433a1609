"""Datasette's JSON, but where it would say in English why it has none, the room says so."""

from __future__ import annotations

from typing import Any

from datasette.renderer import json_renderer
from datasette.views.base import DatasetteError

NO_KEY = "_shape=object needs a table with a primary key"


def render(args: Any, data: dict[str, Any], view_name: str) -> Any:
    """The rows as JSON. Raises DatasetteError for a query that fails, and for rows without the key that they are asked by."""
    if data.get("error"):
        raise DatasetteError(str(data["error"]), title="Invalid SQL", status=400)
    if args.get("_shape") == "object" and not data.get("primary_keys"):
        raise DatasetteError(NO_KEY, status=400)
    return json_renderer(args, data, view_name)
