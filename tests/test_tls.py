"""Portals by TLS: old ones are reached where that is declared, and each capture says how its connection was."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID
from scrapy.utils.test import get_crawler

from archive import Capture, Captures
from archive.constraints import release
from archive.merge import Merge
from archive.row_digests import DIGESTED, row_digest
from archive.vocabulary import Outcome
from archive.warc.checks import ForeignValueError, check_capture
from archive.warc.reader import read
from archive.warc.writer import Export
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from crawler.tls import Connections
from spiders.portal_table import WrongRowError, portal_of, row_of
from tests.crawling import crawl
from tests.test_crawl import rows

NOW = datetime.now(UTC)
PEM = serialization.Encoding.PEM
URL, MOMENT = "https://www.heyuan.example/nb/1.html", "2024-05-01T00:00:00.000000Z"
GROUP = """-----BEGIN DH PARAMETERS-----
MIGHAoGBAJbRBOlcMDjGzuaa+51uuwu9hzbHDSIqRol5gSX9kmtObDeTtvebnDVl
OhypLyrvVdqAhLd7l9iMDSCA50xOnrRc7E9++y99h+JKktYVtExkmTFFtzd4W3ta
sK8rHjsy3V/eKupGO9LHksvSrRdIlsKwD7cWNYsHTH0gkJUdSI7fAgEC
-----END DH PARAMETERS-----
"""
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a portal of the tests")])


def certificate(folder: Path, host: str, *, days: tuple[int, int] = (-1, 1), key: Any = None) -> Path:
    """A file with a key and a certificate that it signed itself."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    made = (
        x509.CertificateBuilder()
        .subject_name(NAME)
        .issuer_name(NAME)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + timedelta(days[0]))
        .not_valid_after(NOW + timedelta(days[1]))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address(host))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = folder / "portal.pem"
    path.write_bytes(key.private_bytes(PEM, form, plain) + made.public_bytes(PEM))
    return path


@contextmanager
def by_tls(replica: Nfcms, pem: Path, old: Callable[[ssl.SSLContext, Path], None] | None = None) -> Iterator[Nfcms]:
    """The replica, served by https: on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pem)
    if old:
        old(context, pem.parent)
    with Server(replica) as server:
        listening = server._listening[0]
        listening.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that refuses
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        replica.base = replica.base.replace("http:", "https:")
        yield replica


def tls_1_0(context: ssl.SSLContext, _: Path) -> None:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1


def small_group(context: ssl.SSLContext, folder: Path) -> None:
    """Keys are agreed on in a Diffie-Hellman group of 1024 bits."""
    (folder / "group.pem").write_text(GROUP)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("DHE:@SECLEVEL=0")
    context.load_dh_params(folder / "group.pem")


def noted(archive: Path) -> set[tuple[Any, ...]]:
    """What captures with an answer say of their connections."""
    return set(rows(archive, "captures", "SELECT tls_version, certificate FROM captures WHERE status IS NOT NULL"))


class Old(Nfcms):
    """A replica whose portal declares what old TLS needs."""

    @property
    def facts(self) -> dict[str, Any]:
        return super().facts | {"legacy_tls": True}


@pytest.mark.parametrize(
    ("host", "days", "key", "found"),
    [
        ("127.0.0.2", (-1, 1), None, "self_signed"),
        ("127.0.0.2", (-1, 1), 1024, "self_signed weak"),
        ("127.0.0.9", (-9, -2), None, "self_signed expired wrong_host"),
    ],
)
def test_a_certificate_stops_no_crawl_and_is_noted(
    tmp_path: Path, host: str, days: tuple[int, int], key: int | None, found: str
) -> None:
    key = rsa.generate_private_key(65537, key) if key else None
    with by_tls(Nfcms("qinghe", 15), certificate(tmp_path, host, days=days, key=key)) as replica:
        assert crawl(tmp_path / "a", replica).returncode == 0
        assert len(rows(tmp_path / "a", "reports", "SELECT id FROM reports")) == 15
    assert noted(tmp_path / "a") == {("TLSv1.3", found)}


def test_a_strict_setting_of_scrapy_still_refuses(tmp_path: Path) -> None:
    with by_tls(Nfcms("qinghe", 15), certificate(tmp_path, "127.0.0.2")) as replica:
        crawl(tmp_path / "a", replica, settings={"DOWNLOAD_VERIFY_CERTIFICATES": True, "RETRY_TIMES": 0})
    assert noted(tmp_path / "a") == set()


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1 is deprecated")
@pytest.mark.parametrize(
    ("old", "version", "refusal"),
    [(tls_1_0, "TLSv1", "protocol version"), (small_group, "TLSv1.2", "dh key too small")],
)
def test_an_old_portal_is_reached_where_that_is_declared_and_only_there(
    tmp_path: Path, old: Callable[[ssl.SSLContext, Path], None], version: str, refusal: str
) -> None:
    pem = certificate(tmp_path, "127.0.0.2", key=rsa.generate_private_key(65537, 2048))
    with by_tls(Nfcms("qinghe", 15), pem, old) as replica:
        assert crawl(tmp_path / "usual", replica, settings={"RETRY_TIMES": 0}).returncode == 1
    assert noted(tmp_path / "usual") == set()
    (failure,) = {note for (note,) in rows(tmp_path / "usual", "captures", "SELECT note FROM captures")}
    assert refusal in failure
    with by_tls(Old("qinghe", 15), pem, old) as replica:
        assert crawl(tmp_path / "old", replica).returncode == 0
    assert noted(tmp_path / "old") == {(version, "self_signed")}


def test_other_hosts_of_an_old_portals_crawl_are_asked_as_usual() -> None:
    portal = portal_of(
        {
            "name": "heyuan",
            "title": "河原县人民政府",
            "home": "https://www.heyuan.example/",
            "platform": "links",
            "facts": '{"legacy_tls": true, "hosts": ["files.heyuan.example:8443"]}',
        }
    )
    assert row_of(portal)["facts"] == '{"hosts": ["files.heyuan.example:8443"], "legacy_tls": true}'
    crawler = get_crawler(settings_dict={"ARCHIVING": False})
    crawler.spider = portal.__new__(portal)
    connections = Connections(crawler)
    for host, port, is_old in (
        ("www.heyuan.example", 443, True),
        ("heyuan.example", 443, True),
        ("files.heyuan.example", 8443, True),
        ("files.heyuan.example", 443, False),
        ("cdn.example", 443, False),
    ):
        context = connections.make(host, port).get_context()
        assert (context is connections._legacy, context is connections._usual) == (is_old, not is_old)


def test_a_fact_that_is_neither_true_nor_false_is_named() -> None:
    row = {"name": "heyuan", "title": "河原", "home": "https://www.heyuan.example/", "platform": "links"}
    with pytest.raises(WrongRowError, match="legacy_tls is neither true nor false"):
        portal_of(row | {"facts": '{"legacy_tls": "yes"}'})


def test_what_is_noted_travels_with_the_capture_and_is_proved(tmp_path: Path) -> None:
    captures = Captures(tmp_path / "here")
    stated = {"tls_version": "TLSv1", "certificate": "expired wrong_host"}
    stored = captures.add(Capture(url=URL, requested_at=MOMENT, status=200, outcome=Outcome.OK, body=b"a", **stated))
    with (tmp_path / "out.warc").open("wb") as stream:
        Export(captures, stream).write_one(stored.id or 0, "out.warc")
    (imported,) = (found for found in read(tmp_path / "out.warc") if isinstance(found, Capture))
    assert (imported.tls_version, imported.certificate) == ("TLSv1", "expired wrong_host")

    with_tls = captures.db.conn.execute("SELECT * FROM captures").fetchone()
    merged = Captures(tmp_path / "merged")
    Merge(merged, captures.path, lambda *_: None).run()
    row = merged.db.conn.execute("SELECT * FROM captures").fetchone()
    assert (row["tls_version"], row["certificate"], row["digest"]) == (*stated.values(), with_tls["digest"])
    assert row_digest(row) == row["digest"]
    for name, other in (("tls_version", "TLSv1.2"), ("certificate", "valid"), ("certificate", None)):
        assert row_digest(dict(row) | {name: other}) != row["digest"]
    merged.close()
    captures.close()


def test_rows_of_before_keep_their_digests_and_are_merged(tmp_path: Path) -> None:
    captures = Captures(tmp_path / "old")
    captures.add(Capture(url=URL, requested_at=MOMENT, status=200, outcome=Outcome.OK, body=b"a"))
    row = dict(captures.db.conn.execute("SELECT * FROM captures").fetchone())
    release(captures.db.conn)
    for name in ("tls_version", "certificate"):
        captures.db.conn.execute(f"ALTER TABLE captures DROP COLUMN {name}")
    captures.close()
    assert row_digest({name: row[name] for name in DIGESTED}) == row_digest(row) == row["digest"]
    merged = Captures(tmp_path / "merged")
    Merge(merged, tmp_path / "old" / "captures.db", lambda *_: None).run()
    assert dict(merged.db.conn.execute("SELECT * FROM captures").fetchone()) == row
    merged.close()


@pytest.mark.parametrize("state", ["perfect", "valid  expired", "", 7])
def test_a_foreign_file_cannot_say_what_is_no_state_of_a_certificate(state: object) -> None:
    capture = Capture(url=URL, requested_at=MOMENT, status=200, outcome=Outcome.OK, body=b"a")
    capture.certificate = "expired weak"
    check_capture(capture)
    capture.certificate = state  # type: ignore[assignment]
    with pytest.raises(ForeignValueError):
        check_capture(capture)
