"""The page for those who write programs."""

from __future__ import annotations

from typing import Any

from archive.room.api_guide import ENDPOINTS, EXAMPLES, HERE
from archive.room.database_access import MOST_ROWS
from archive.room.pages.visitors_sql import MOST_SECONDS
from archive.room.rendering import origin, page


async def api(datasette: Any, request: Any) -> Any:
    """Addresses, parameters and examples."""
    here = origin(datasette, request)
    examples = {name: (words, text.replace(HERE, here)) for name, (words, text) in EXAMPLES.items()}
    context = {"endpoints": ENDPOINTS, "examples": examples, "most_rows": MOST_ROWS, "most_seconds": int(MOST_SECONDS)}
    return await page(datasette, request, "api", context)
