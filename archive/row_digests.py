"""A digest of a capture's row, by which it can be proved unaltered in whatever archive it is."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from typing import Any

DIGESTED = (
    "url",
    "method",
    "request_body",
    "requested_at",
    "status",
    "outcome",
    "sha256",
    "content_type",
    "request_headers",
    "response_headers",
    "content_encoding",
    "wire_bytes",
    "ip_address",
    "protocol",
    "redirect_url",
    "note",
    "portal",
)
"""The columns that a digest is of."""


def row_digest(row: Mapping[str, Any] | sqlite3.Row) -> bytes:
    """SHA-256 of what a row of `captures` says, by its columns: a JSON list in the order of DIGESTED, bytes as hex.

    It is the same in every archive: `id` and `run_id`, which are not, do not count. A role comes last where there is one,
    so that rows of before there were roles keep their digests.
    """
    values = [value.hex() if isinstance(value := row[name], bytes) else value for name in DIGESTED]
    if "role" in row.keys() and row["role"] is not None:  # noqa: SIM118 - a Row iterates over values
        values.append(row["role"])
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
