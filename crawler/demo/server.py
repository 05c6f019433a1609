"""Serves replicas on loopback, each on an address of its own, and notes every request.

with Server(Nfcms("qingxi", 250)) as server:
    replica = server["qingxi"]
    crawl(replica.facts)
    assert max(hit.at_once for hit in replica.log) == 1
"""

from __future__ import annotations

import gzip
import hashlib
import socket
import struct
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC
from email.utils import format_datetime, formatdate, parsedate_to_datetime
from http.client import responses
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from .messages import Reply, Request
from .replica import Replica


class PortTakenError(RuntimeError):
    """The fixed address of a replica is in use."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A request that arrived."""

    time: float
    """Monotonic seconds at arrival."""
    method: str
    target: str
    """Path and query."""
    status: int
    at_once: int
    """How many requests this address was answering at arrival, this one included."""
    form: str
    """The body of a POST as sent."""
    headers: dict[str, str]


class Server:
    """Replicas being served; a context manager, or `start` and `stop`."""

    def __init__(self, *replicas: Replica, port: int = 0, addresses: list[str] | None = None) -> None:
        """Port 0 takes a free one for each replica; addresses are 127.0.0.2, 127.0.0.3 … unless given."""
        self.replicas = replicas
        self.hosts = addresses or [f"127.0.{i // 250}.{i % 250 + 2}" for i in range(len(replicas))]
        self.port = port
        self.stopping = threading.Event()
        self.answering: Counter[str] = Counter()
        self.lock = threading.Lock()
        self._listening: list[ThreadingHTTPServer] = []

    def __getitem__(self, name: str) -> Replica:
        return next(replica for replica in self.replicas if replica.name == name)

    def __iter__(self) -> Iterator[Replica]:
        return iter(self.replicas)

    def start(self) -> None:
        """Listen. Raises PortTakenError when a fixed port is in use."""
        for replica, host in zip(self.replicas, self.hosts, strict=True):
            try:
                listening = _Listener((host, self.port), _Handler)
            except OSError as error:
                self.stop()
                raise PortTakenError(f"{host}:{self.port} cannot be used for the replicas: {error.strerror}") from error
            listening.replica, listening.server, listening.host = replica, self, host
            replica.base = f"http://{host}:{listening.server_address[1]}"
            self._listening.append(listening)
            threading.Thread(target=listening.serve_forever, args=(0.02,), name=replica.name, daemon=True).start()

    def stop(self) -> None:
        """Stop listening; hanging answers end."""
        self.stopping.set()
        for listening in self._listening:
            listening.shutdown()
            listening.server_close()
        self._listening.clear()

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()


class _Listener(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    replica: Replica
    server: Server
    host: str

    def server_bind(self) -> None:
        """As http.server does, but for the look-up of the address's name: a name server is not to be asked."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away is no error here; anything else is the replica's own fault and shown."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60
    server: _Listener

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name the base class gives it
        """Nothing is printed; the requests are in the replica's log."""

    def _answer(self) -> None:
        server, replica, host = self.server.server, self.server.replica, self.server.host
        arrived = time.monotonic()
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        with server.lock:
            server.answering[host] += 1
            at_once = server.answering[host]
        try:
            request = _request(self.command, self.path, body, dict(self.headers.items()))
            reply = replica.answer(request)
            if replica.latency:
                time.sleep(replica.latency)
            head, payload = finish(request, reply)
        finally:
            # before the bytes go out: a client that has them may already send its next request
            with server.lock:
                server.answering[host] -= 1
        status = int(head.split(b" ", 2)[1])
        hit = Hit(arrived, self.command, self.path, status, at_once, body.decode("latin-1"), dict(self.headers.items()))
        replica.log.append(hit)
        self._send(reply, head, payload)

    def _send(self, reply: Reply, head: bytes, payload: bytes) -> None:
        if reply.hang or reply.reset:
            self.close_connection = True
            if reply.hang:  # until the client has long given up; not counted as being answered
                self.server.server.stopping.wait(self.timeout)
            if reply.reset:  # linger 0: the kernel sends RST instead of FIN
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        if reply.is_cut or reply.length is not None:
            self.close_connection = True
        if reply.is_cut:
            payload = payload[: len(payload) // 2]
        self.wfile.write(head + (b"" if self.command == "HEAD" else payload))


def _request(method: str, target: str, body: bytes, headers: dict[str, str]) -> Request:
    parts = urlsplit(target)
    return Request(
        method=method,
        path=parts.path,
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        form=dict(parse_qsl(body.decode("utf-8", errors="replace"), keep_blank_values=True)),
        headers={name.lower(): value for name, value in headers.items()},
        target=target,
    )


def finish(request: Request, reply: Reply) -> tuple[bytes, bytes]:
    """Status line with headers, and the body as it goes over the wire: validators, 304, compression, length.

    Conditions follow RFC 9110: If-None-Match before If-Modified-Since, 304 only for GET and HEAD. The answers to a POST
    carry no validators and ignore If-Modified-Since; an If-None-Match that holds there is 412.
    """
    headers = dict(reply.headers)
    status, body = reply.status, reply.body
    zipped = (
        not reply.encoded
        and reply.length is None
        and len(body) > 256
        and "gzip" in request.headers.get("accept-encoding", "")
    )
    if reply.content_type:
        headers["Content-Type"] = reply.content_type
    tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
    if status == 200 and reply.modified:
        status = _conditional_status(request, reply, tag)
        if request.method in {"GET", "HEAD"}:
            headers["ETag"] = f"W/{tag}" if zipped else tag
            headers["Last-Modified"] = format_datetime(reply.modified.astimezone(UTC), usegmt=True)
    if status in {304, 412} and reply.status == 200:
        body, zipped = b"", False
        headers.pop("Content-Type", None)
    if zipped:
        body = gzip.compress(body, 6, mtime=0)
    if zipped or reply.encoded:
        headers["Content-Encoding"] = "gzip"
    if status != 304:
        headers["Content-Length"] = str(len(body))
    if reply.length is not None:
        headers["Content-Length"] = str(reply.length)
    if reply.length == 0:
        del headers["Content-Length"]
    headers |= {"Server": "nginx", "Date": formatdate(usegmt=True)}
    if reply.is_cut or reply.length is not None:
        headers["Connection"] = "close"
    reason = responses.get(status, "Unknown")
    lines = [f"HTTP/1.1 {status} {reason}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"), body


def _conditional_status(request: Request, reply: Reply, tag: str) -> int:
    """304 or 412 where a condition of the request holds, else 200."""
    wanted = request.headers.get("if-none-match")
    since = request.headers.get("if-modified-since")
    holds = tag in wanted or wanted.strip() == "*" if wanted else bool(since and _unchanged(since, reply))
    if request.method in {"GET", "HEAD"}:
        return 304 if holds else 200
    return 412 if wanted and holds else 200


def _unchanged(since: str, reply: Reply) -> bool:
    try:
        return reply.modified is not None and reply.modified.replace(microsecond=0) <= parsedate_to_datetime(since)
    except ValueError:
        return False
