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

from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests.crawling import crawl
from tests.test_crawl import rows

NOW = datetime.now(UTC)
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
    pem = serialization.Encoding.PEM
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path = folder / "portal.pem"
    path.write_bytes(key.private_bytes(pem, form, plain) + made.public_bytes(pem))
    return path


@contextmanager
def by_tls(replica: Nfcms, pem: Path, old: Callable[[ssl.SSLContext], None] | None = None) -> Iterator[Nfcms]:
    """The replica, served by https: on loopback."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pem)
    if old:
        old(context)
    with Server(replica) as server:
        listening = server._listening[0]
        listening.socket = context.wrap_socket(listening.socket, server_side=True, do_handshake_on_connect=False)
        replica.base = replica.base.replace("http:", "https:")
        yield replica


def tls_1_0(context: ssl.SSLContext) -> None:
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")


def noted(archive: Path) -> set[tuple[Any, ...]]:
    """What captures with an answer say of their connections."""
    return set(rows(archive, "captures", "SELECT tls_version, certificate FROM captures WHERE status IS NOT NULL"))


class Old(Nfcms):
    """A replica whose portal declares what old TLS needs."""

    @property
    def facts(self) -> dict[str, Any]:
        return super().facts | {"legacy_tls": True}


@pytest.mark.parametrize(
    ("host", "days", "certificate_states"),
    [("127.0.0.2", (-1, 1), "self_signed"), ("127.0.0.9", (-9, -2), "self_signed expired wrong_host")],
)
def test_a_certificate_stops_no_crawl_and_is_noted(
    tmp_path: Path, host: str, days: tuple[int, int], certificate_states: str
) -> None:
    with by_tls(Nfcms("qinghe", 15), certificate(tmp_path, host, days=days)) as replica:
        assert crawl(tmp_path / "a", replica).returncode == 0
        assert len(rows(tmp_path / "a", "reports", "SELECT id FROM reports")) == len(replica.truth())
    assert noted(tmp_path / "a") == {("TLSv1.3", certificate_states)}


def test_a_strict_setting_of_scrapy_still_refuses(tmp_path: Path) -> None:
    with by_tls(Nfcms("qinghe", 15), certificate(tmp_path, "127.0.0.2")) as replica:
        crawl(tmp_path / "a", replica, settings={"DOWNLOAD_VERIFY_CERTIFICATES": True, "RETRY_TIMES": 0})
    assert noted(tmp_path / "a") == set()


def short_key(_: ssl.SSLContext) -> None:
    """Nothing but the key is old."""


@pytest.mark.parametrize(
    ("old", "key", "seen"),
    [
        (tls_1_0, None, ("TLSv1", "self_signed")),
        (short_key, 1024, ("TLSv1.3", "self_signed weak")),
    ],
)
def test_an_old_portal_is_reached_where_that_is_declared_and_only_there(
    tmp_path: Path, old: Callable[[ssl.SSLContext], None], key: int | None, seen: tuple[str, str]
) -> None:
    key = rsa.generate_private_key(65537, key) if key else None
    pem = certificate(tmp_path, "127.0.0.2", key=key)
    with by_tls(Nfcms("qinghe", 15), pem, old) as replica:
        crawl(tmp_path / "usual", replica, settings={"RETRY_TIMES": 0})
        print(rows(tmp_path / "usual", "captures", "SELECT note FROM captures"))
    with by_tls(Old("qinghe", 15), pem, old) as replica:
        assert crawl(tmp_path / "old", replica).returncode == 0
    assert noted(tmp_path / "old") == {seen}
    assert noted(tmp_path / "usual") == set()
