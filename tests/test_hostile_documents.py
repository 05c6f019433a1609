"""Damaged and malicious documents: each ends as a problem within its time and memory, and the run goes on."""

from __future__ import annotations

import io
import json
import resource
import struct
import subprocess
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from crawler.demo import office
from crawler.demo.reports import Synthetic
from pipelines.documents import office as old_word
from pipelines.documents import recognise
from pipelines.errors import DocumentError
from pipelines.ingest.sandbox import MEMORY, Child
from pipelines.ingest.sandbox.child import answer
from tests.crawling import scrapy

SECONDS = 12.0
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
REPORT = Synthetic(issuing_body="临川市青溪区民政局", report_year=2022)
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def xml(prologue: str, body: str = "") -> bytes:
    """A Word document with a prologue before its root."""
    document = f'<?xml version="1.0"?>{prologue}<w:document xmlns:w="{W}"><w:body><w:p><w:r><w:t>{body}</w:t></w:r></w:p></w:body></w:document>'
    return office.package({"word/document.xml": document})


def laughs() -> bytes:
    names = [f"l{i}" for i in range(12)]
    entities = '<!ENTITY l0 "lol">' + "".join(
        f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in pairwise(names)
    )
    return xml(f"<!DOCTYPE d [{entities}]>", f"&{names[-1]};")


def zeros(name: str, size: int, head: bytes = b"") -> bytes:
    out = io.BytesIO()
    with (
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open(name, "w", force_zip64=True) as member,
    ):
        member.write(head)
        for _ in range(size // 1_048_576):
            member.write(bytes(1_048_576))
    return out.getvalue()


def lying() -> bytes:
    """A member that says it has ten bytes and has 300 MiB."""
    body = bytearray(zeros("word/document.xml", 300 * 1024 * 1024))
    for magic, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = body.rfind(magic)
        body[start + offset : start + offset + 4] = struct.pack("<I", 10)
    return bytes(body)


def encrypted_zip() -> bytes:
    body = bytearray(office.docx(REPORT))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = -1
        while (start := body.find(magic, start + 1)) >= 0:
            body[start + offset] |= 1
    return bytes(body)


def wide_table() -> bytes:
    row = "<w:tr>" + "<w:tc><w:tcPr><w:gridSpan w:val='-1'/></w:tcPr><w:p/></w:tc>" * 199 + "</w:tr>"
    return office.word(f"<w:tbl>{row * 600}</w:tbl>")


def far_cell() -> bytes:
    body = office.xlsx(REPORT)
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        members: dict[str, str | bytes] = {name: archive.read(name) for name in archive.namelist()}
    sheet = bytes(members["xl/worksheets/sheet1.xml"])
    far = b'<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>'
    members["xl/worksheets/sheet1.xml"] = sheet.replace(b"</sheetData>", far)
    return office.package(members)


def encrypted_pdf() -> bytes:
    entry = f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{'a1' * 32}> /U <{'b2' * 32}> /P -4 >> /ID [<00> <00>]"
    return office.pdf_of(["BT ET"], trailer=entry)


def flate_bomb() -> bytes:
    squeezed = zlib.compress(zlib.compress(b"0 0 m 1 1 l S\n" * 8_000_000, 9), 9)
    body = office.pdf_of(["PLACE"])
    old = b"<< /Length 5 >>\nstream\nPLACE"
    new = b"<< /Length %d /Filter [/FlateDecode /FlateDecode] >>\nstream\n" % len(squeezed) + squeezed
    return body.replace(old, new)


def rules(count: int) -> bytes:
    lines = (f"{i % 600} {i % 840} m {i % 600} {(i * 7) % 840} l S" for i in range(count))
    return office.pdf_of(["\n".join(lines)])


def png(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def many_pages() -> bytes:
    kids = " ".join(["10 0 R"] * 100_000)
    body = office.pdf_of(["BT ET"], count=100_000)
    return body.replace(b"/Kids [10 0 R]", f"/Kids [{kids}]".encode())


def web_archive(depth: int) -> bytes:
    """A web archive of so many in one another, and no page in the innermost."""
    heads = (f'Content-Type: multipart/related; boundary="b{i}"\r\n\r\n--b{i}\r\n' for i in range(depth))
    return ("MIME-Version: 1.0\r\n" + "".join(heads) + "Content-Type: text/plain\r\n\r\n").encode()


HOSTILE: dict[str, Callable[[], bytes]] = {
    "broken-package.docx": lambda: b"PK\x03\x04" + b"word/" * 400,
    "cut-short.docx": lambda: office.docx(REPORT)[:-3_000],
    "without-document.docx": lambda: office.package({"word/styles.xml": "<a/>"}),
    "malformed.docx": lambda: office.word("<w:p><w:r>"),
    "billion-laughs.docx": laughs,
    "external-entity.docx": lambda: xml('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "&x;"),
    "parameter-entity.docx": lambda: xml('<!DOCTYPE d SYSTEM "http://127.0.0.1:9/a.dtd">', "a"),
    "quadratic.docx": lambda: xml(f'<!DOCTYPE d [<!ENTITY a "{"a" * 100_000}">]>', "&a;" * 10_000),
    "bomb.docx": lambda: zeros("word/document.xml", 400 * 1024 * 1024),
    "lying-sizes.docx": lying,
    "encrypted-member.docx": encrypted_zip,
    "macros.docx": lambda: office.docx(REPORT, word__vbaProject_bin=b"\xd0\xcf"),
    "deep.docx": lambda: office.word("<w:sdt>" * 50_000 + "</w:sdt>" * 50_000),
    "wide-table.docx": wide_table,
    "long-text.docx": lambda: office.word(f"<w:p><w:r><w:t>{'公' * 5_000_000}</w:t></w:r></w:p>"),
    "bomb.xlsx": lambda: zeros("xl/workbook.xml", 400 * 1024 * 1024),
    "far-cell.xlsx": far_cell,
    "damaged.xlsx": lambda: office.package({"xl/workbook.xml": "<workbook>", "[Content_Types].xml": "<a/>"}),
    "encrypted.xlsx": lambda: OLE + bytes(2_000) + "EncryptedPackage".encode("utf-16-le") + bytes(2_000),
    "damaged.xls": lambda: OLE + b"\xff" * 2_000 + "Workbook".encode("utf-16-le") + b"\xff" * 2_000,
    "damaged.ole": lambda: OLE + b"\xff" * 4_000,
    "garbage.pdf": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 40,
    "cut-short.pdf": lambda: office.pdf(REPORT)[:900],
    "encrypted.pdf": encrypted_pdf,
    "100000-pages.pdf": many_pages,
    "page-loop.pdf": lambda: office.pdf_of(["BT ET"]).replace(b"/Kids [10 0 R]", b"/Kids [2 0 R]"),
    "flate-bomb.pdf": flate_bomb,
    "million-rules.pdf": lambda: rules(400_000),
    "no-text.pdf": lambda: office.pdf_of(["q Q"]),
    "30000-pixels.png": lambda: png(30_000, 30_000),
    "many-members.zip": lambda: office.package({f"{i}.txt": "" for i in range(6_000)}),
    "zip-in-zip.zip": lambda: office.package({"a.zip": office.package({"b.zip": zeros("c", 64 * 1024 * 1024)})}),
    "climbing.zip": lambda: office.package({"../../../etc/cron.d/a.docx": b"PK\x03\x04word/"}),
    "entities.ofd": lambda: office.package({"OFD.xml": '<!DOCTYPE d [<!ENTITY x "y">]><d>&x;</d>'}),
    "no-page.mht": lambda: web_archive(1),
    "deep.mht": lambda: web_archive(3_000),
    "archive.rar": lambda: b"Rar!\x1a\x07\0" + bytes(100),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("hostile")
    for name, make in HOSTILE.items():
        (made / name).write_bytes(make())
    return made


def test_there_are_thirty_and_more() -> None:
    assert len(HOSTILE) >= 30


@pytest.mark.parametrize("name", HOSTILE)
def test_each_is_a_problem_in_time_and_the_next_document_is_read(folder: Path, name: str) -> None:
    body = (folder / name).read_bytes()
    kind = recognise(body)
    assert kind is not None
    child = Child(seconds=SECONDS)
    try:
        begun = time.monotonic()
        try:
            problems = {problem.kind for problem in child.read(body, kind).problems}
        except DocumentError as error:
            problems = {error.kind}
            assert "root:" not in str(error)  # noqa: PT017 - what /etc/passwd begins with, in any error there may be
        assert time.monotonic() - begun < SECONDS + 3
        assert problems
        assert problems <= {"damaged", "encrypted", "oversized", "timed_out", "unread", "macros"}
        assert len(child.read(office.docx(REPORT), "docx").grids) == 3
    finally:
        child.close()
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024 <= MEMORY


def test_a_run_over_all_of_them_ends_normally(folder: Path, tmp_path: Path) -> None:
    names = [name for name in HOSTILE if name not in {"flate-bomb.pdf", "million-rules.pdf"}]  # slow, and tried above
    good = tmp_path / "good.docx"
    good.write_bytes(office.docx(REPORT))
    done = scrapy(tmp_path, "read", *(folder / name for name in names), good)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(told) == len(names) + 1
    assert all(one["problems"] for one in told[:-1])
    assert told[-1]["is_report"]
    assert len(told[-1]["statistics"]) > 190


def test_an_office_that_takes_too_much_memory_is_no_damage_of_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_word, "USED_MEMORY", 64 << 20)
    office_that(
        tmp_path, monkeypatch, f"exec {sys.executable} -c 'held = [bytes(1 << 20) + b\"x\" for _ in range(200)]'"
    )
    with pytest.raises(DocumentError, match="more memory") as told:
        old_word.read(OLD_WORD, "doc")
    assert told.value.kind == "oversized"


def test_a_child_that_hangs_is_ended_with_what_it_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A LibreOffice that never comes back."""
    sleeper = tmp_path / "soffice"
    mark = tmp_path / "pid"
    sleeper.write_text(f"#!/bin/sh\nsleep 600 &\necho $! > {mark}\nwait\n")
    sleeper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    child = Child(seconds=6)
    with pytest.raises(DocumentError) as told:
        child.read(OLE + bytes(600) + "WordDocument".encode("utf-16-le"), "doc")
    assert told.value.kind == "timed_out"
    status = Path(f"/proc/{int(mark.read_text())}/stat")
    until = time.monotonic() + 10  # a process that is killed ends when it is its turn to run
    while status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z":
        assert time.monotonic() < until
        time.sleep(0.01)


OLD_WORD = OLE + bytes(600) + "WordDocument".encode("utf-16-le")


def office_that(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """A LibreOffice that does this; `$out` is the folder of what it makes."""
    program = tmp_path / "soffice"
    program.write_text(f'#!/bin/sh\nwhile [ "$1" != --outdir ]; do shift; done\nout=$2\n{script}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        ("kill -9 $$", "not_read_here"),
        ("sh -c 'kill -9 $$'", "not_read_here"),
        ("kill -15 $$", "not_read_here"),
        ("exit 81", "not_read_here"),
        ("kill -11 $$", "damaged"),
        ("echo Error: source file could not be loaded >&2", "damaged"),
    ],
)
def test_an_office_that_was_killed_says_nothing_of_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, kind: str
) -> None:
    office_that(tmp_path, monkeypatch, script)
    child = Child()
    try:
        with pytest.raises(DocumentError) as told:
            child.read(OLD_WORD, "doc")
        assert told.value.kind == kind
    finally:
        child.close()


def test_what_was_killed_once_is_read_by_another_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "made.docx").write_bytes(office.docx(REPORT))
    was_here = tmp_path / "was-here"
    copied = f"mkdir -p $out; cp {tmp_path}/made.docx $out/document.docx"
    office_that(tmp_path, monkeypatch, f"[ -e {was_here} ] || {{ touch {was_here}; kill -9 $$; }}; {copied}")
    child = Child()
    try:
        assert len(child.read(OLD_WORD, "doc").grids) == 3
    finally:
        child.close()


def test_each_picture_of_a_document_has_its_own_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child that takes two seconds a picture, and has three for a document."""
    program = (
        "import sys, time\n"
        "for _ in range(3): sys.stdout.write('+\\n'); sys.stdout.flush(); time.sleep(2)\n"
        """answer = '{"kind": "pdf", "origin": "image", "blocks": ["a"], "problems": []}'\n"""
        "print(len(answer)); print(answer, end='', flush=True); time.sleep(60)"
    )
    popen = subprocess.Popen
    monkeypatch.setattr(
        "pipelines.ingest.sandbox.subprocess.Popen",
        lambda command, **options: popen([command[0], "-c", program], **options),
    )
    child = Child(seconds=5, picture_seconds=5)
    try:
        assert child.read(b"", "pdf").prose == ["a"]
    finally:
        child.close()


@pytest.mark.parametrize(("number", "kind"), [(28, "not_read_here"), (12, "not_read_here"), (22, "damaged")])
def test_a_full_disk_says_nothing_of_the_document(monkeypatch: pytest.MonkeyPatch, number: int, kind: str) -> None:
    def read(_body: bytes, _kind: str) -> None:
        raise OSError(number, "it failed")

    monkeypatch.setattr("pipelines.ingest.sandbox.child.read", read)
    assert answer(b"", "docx")["failed"] == kind
