"""Documents are read once by the same readers; what is kept of them is checked, bounded, and never needed."""

from __future__ import annotations

import logging
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from archive.readings import Readings
from archive.vocabulary import ProblemKind
from crawler.demo import office
from pipelines.documents.content import Content
from pipelines.errors import DocumentError
from pipelines.ingest import sandbox
from pipelines.ingest.sandbox import Reader, kept


def docx(paragraphs: list[str]) -> bytes:
    """A Word document of paragraphs."""
    return office.word("".join(f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p>" for text in paragraphs))


BODY = docx(["青溪区2023年政府信息公开工作年度报告", "全年收到申请7件。"])


def reads(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows by one with each document that a child reads."""
    count: list[int] = []
    read = sandbox.Child.read

    def counted(child: sandbox.Child, body: bytes, kind: str) -> Content:
        count.append(1)
        return read(child, body, kind)

    monkeypatch.setattr(sandbox.Child, "read", counted)
    return count


def read_anew(folder: Path, body: bytes = BODY, **how: Any) -> Content:
    """The document as a new process reads it."""
    reader = Reader()
    reader.keep_in(folder, **how)
    try:
        return reader.read(body, "docx")
    finally:
        reader.close()


def test_a_document_is_read_once_whatever_process_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = reads(monkeypatch)
    first = read_anew(tmp_path)
    assert first.paragraphs[1] == "全年收到申请7件。"
    assert read_anew(tmp_path) == first
    assert len(count) == 1
    (tmp_path / "readings.db").unlink()
    assert read_anew(tmp_path) == first
    assert len(count) == 2


def test_other_readers_read_again_and_leave_nothing_of_the_earlier(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = reads(monkeypatch)
    read_anew(tmp_path)
    monkeypatch.setattr(kept, "readers", lambda: "another")
    read_anew(tmp_path, docx(["另一份文件，另一个版本读取。"]))
    rows = sqlite3.connect(tmp_path / "readings.db").execute("SELECT readers FROM readings").fetchall()
    assert rows == [("another",)]
    read_anew(tmp_path)
    assert len(count) == 3


def test_the_state_of_the_readers_follows_their_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*kept._SOURCES, *kept._MODULES):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix:
            path.write_text("", encoding="utf-8")
    (tmp_path / "pipelines/documents").mkdir(exist_ok=True)
    module = tmp_path / "pipelines/documents/pdf.py"
    monkeypatch.setattr(kept, "_ROOT", tmp_path)
    states = []
    for text in ("MARGIN = 1\n", "MARGIN = 2\n", "MARGIN = 1\n"):
        module.write_text(text, encoding="utf-8")
        states.append(kept.readers.__wrapped__())
    assert states[0] == states[2] != states[1]


@pytest.mark.parametrize("damage", ["content", "row of another", "no database", "no table"])
def test_a_damaged_reading_is_read_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    count = reads(monkeypatch)
    first = read_anew(tmp_path)
    other = read_anew(tmp_path, docx(["另一份文件。"]))
    assert other != first
    database = tmp_path / "readings.db"
    if damage == "no database":
        database.write_bytes(b"nothing that SQLite can open" * 50)
    else:
        connection = sqlite3.connect(database)
        if damage == "content":
            connection.execute("UPDATE readings SET content = zeroblob(length(content))")
        elif damage == "no table":
            connection.execute("DROP TABLE readings")
        else:
            (largest,) = connection.execute("SELECT MAX(content) FROM readings").fetchone()
            connection.execute("UPDATE readings SET content = ?", (largest,))
            connection.execute("UPDATE readings SET digest = (SELECT MAX(digest) FROM readings)")
        connection.commit()
        connection.close()
    count.clear()
    assert read_anew(tmp_path) == first
    assert read_anew(tmp_path, docx(["另一份文件。"])) == other
    assert count


def test_what_is_read_dry_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    count = reads(monkeypatch)
    read_anew(tmp_path, read_only=True)
    assert list(tmp_path.iterdir()) == []
    first = read_anew(tmp_path)
    assert read_anew(tmp_path, read_only=True) == first
    assert len(count) == 2


@pytest.mark.parametrize("kind", [ProblemKind.NOT_READ_HERE, ProblemKind.TIMED_OUT, ProblemKind.UNREAD])
def test_what_this_machine_could_not_read_whole_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: ProblemKind
) -> None:
    from archive.model import Problem

    answers = [
        Content(kind="docx", blocks=["一半"], problems=[Problem(kind=kind, message="a part")]),
        Content(kind="docx"),
    ]
    monkeypatch.setattr(sandbox.Child, "read", lambda *_: answers.pop(0))
    assert read_anew(tmp_path).blocks == ["一半"]
    assert read_anew(tmp_path).blocks == []
    assert answers == []


def test_a_document_that_cannot_be_read_is_tried_again(tmp_path: Path) -> None:
    for _ in range(2):
        with pytest.raises(DocumentError):
            read_anew(tmp_path, BODY[:200])


def test_several_threads_keep_and_find(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    readings = Readings(tmp_path, "1")
    lost: list[int] = []

    def work(start: int) -> None:
        for number in range(start, start + 30):
            readings.put(f"{number:064x}", "pdf", b"%d" % number)
            if readings.get(f"{number:064x}", "pdf") != b"%d" % number:
                lost.append(number)

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(4)]
    with caplog.at_level(logging.WARNING):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert lost == []
    assert not caplog.records
