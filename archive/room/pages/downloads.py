"""The files that the operator offers: a list, and each file, whole or in part."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from email.utils import formatdate
from pathlib import Path
from typing import Any

from datasette.utils.asgi import Response

from archive.room import downloads as found
from archive.room.rendering import as_csv, as_json, page, url_part
from archive.room.request_parameters import format_of, path_part

_COLUMNS = ("name", "size", "changed", "sha256")


async def downloads(datasette: Any, request: Any) -> Any:
    """What is offered."""
    files = await asyncio.to_thread(found.offered)
    if any(one.sha256 is None for one in files):
        asyncio.get_running_loop().run_in_executor(None, found.hash_all)
    wanted = format_of(request)
    if wanted == "csv":
        return as_csv(_COLUMNS, map(asdict, files))
    if wanted == "json":
        return as_json({"files": [asdict(one) for one in files]})
    if wanted == "sha256":
        return Response.text("".join(f"{one.sha256}  {one.name}\n" for one in files if one.sha256))
    addresses = {one.name: "/downloads/" + "/".join(map(url_part, one.name.split("/"))) for one in files}
    context = {"files": files, "addresses": addresses, "is_offered": found.folder() is not None}
    return await page(datasette, request, "downloads", context | {"formats": ("json", "csv")})


async def file(datasette: Any, request: Any) -> Any:  # noqa: ARG001 - every handler takes it
    """One file, byte for byte."""
    path = await asyncio.to_thread(found.file_of, path_part(request, "name"))
    return None if path is None else File(path, request)


class File:
    """An answer of a file's bytes, or of the part that is asked for."""

    def __init__(self, path: Path, request: Any) -> None:
        self.path = path
        self.state = path.stat()
        self.is_head = request.method == "HEAD"
        self.asked = request.headers.get("range", "")
        if request.headers.get("if-range", self.tag) not in {self.tag, formatdate(self.state.st_mtime, usegmt=True)}:
            self.asked = ""
        self.is_known = request.headers.get("if-none-match") == self.tag

    @property
    def tag(self) -> str:
        """Changes with the file."""
        return f'"{self.state.st_mtime_ns:x}-{self.state.st_size:x}"'

    async def asgi_send(self, send: Any) -> None:
        """Headers, then the bytes as they are read."""
        size = self.state.st_size
        part = found.part_of(size, self.asked)
        first, end = part or (0, 0)
        headers = {
            "content-type": "application/octet-stream",
            "content-disposition": f"attachment; filename*=UTF-8''{url_part(self.path.name)}",
            "accept-ranges": "bytes",
            "etag": self.tag,
            "last-modified": formatdate(self.state.st_mtime, usegmt=True),
            "content-length": str(0 if self.is_known else end - first),
        }
        status = 304 if self.is_known else 200 if part == (0, size) else 206
        if part is None:
            status, headers["content-range"] = 416, f"bytes */{size}"
        elif status == 206:
            headers["content-range"] = f"bytes {first}-{end - 1}/{size}"
        encoded = [(name.encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": status, "headers": encoded})
        if not self.is_head and status in {200, 206}:
            pieces = found.pieces(self.path, first, end)
            while piece := await asyncio.to_thread(next, pieces, b""):
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
