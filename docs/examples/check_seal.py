"""Checks a seal against a captures.db with nothing of this project: python check_seal.py SEAL CAPTURES_DB

Every body is hashed again, every capture's row too; then all leaves of the seal must be among them, and give its root.
It needs `zstandard`, for bodies are compressed.
"""

import json
import sqlite3
import sys
from hashlib import sha256
from pathlib import Path

import zstandard

COLUMNS = [
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
]

seal = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
db = sqlite3.connect(sys.argv[2])
db.row_factory = sqlite3.Row
held = set()
for row in db.execute("SELECT * FROM captures"):
    values = [row[name].hex() if isinstance(row[name], bytes) else row[name] for name in COLUMNS]
    values += [row["role"]] if dict(row).get("role") is not None else []
    text = json.dumps(values, ensure_ascii=False, separators=(",", ":"))
    held.add("capture " + sha256(text.encode("utf-8", "surrogatepass")).hexdigest())
for (data,) in db.execute("SELECT data FROM bodies"):
    held.add("body " + sha256(zstandard.ZstdDecompressor().decompress(data)).hexdigest())

gone = [leaf for leaf in seal["leaves"] if leaf not in held]
level = [sha256(b"\0" + leaf.encode()).digest() for leaf in seal["leaves"]]
while len(level) > 1:
    pairs = [sha256(b"\1" + one + two).digest() for one, two in zip(level[::2], level[1::2], strict=False)]
    level = pairs + level[len(pairs) * 2 :]
root = level[0].hex() if level else sha256(b"").hexdigest()
print(
    f"root {root}, {'as' if root == seal['root'] else 'NOT as'} the seal says; {len(gone)} leaves are gone or altered"
)
sys.exit(root != seal["root"] or bool(gone))
