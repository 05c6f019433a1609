"""Files that lie: whatever they say, they are read or refused, and nothing that is no value comes out of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from scrapy.utils.project import get_project_settings

from archive import ArchiveError, Capture
from archive.document_index import DocumentIndex
from archive.warc import reader
from archive.warc.checks import check_capture
from crawler.mementos import WebArchive
from tests.hostile_warcs import INDEXES, WARCS
from tests.test_hostile_warcs import URL, record
from tests.test_warc_of_others import told

SLOW = frozenset(
    (
        "one name for 20,000 records.warc",
        "20,000 requests of nothing.warc",
        "a chain of 3,000 moves.warc",
        "50,000 members.wacz",
        "members of nothing.warc.gz",
        "segments without end.warc",
    )
)
"""Long rather than odd: python -m tests.hostile reads them."""


@pytest.mark.parametrize("name", sorted(WARCS.keys() - SLOW))
def test_a_file_that_lies_is_read_or_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"x{name[name.index('.') :]}"
    path.write_bytes(WARCS[name]())
    seen = 0
    try:
        for item in reader.records(path):
            seen += 1
            if isinstance(item, Capture):
                check_capture(item)
    except ArchiveError as error:
        assert str(path) in str(error) or "archive/" in str(error)  # noqa: PT017 - either may be the end
    assert seen < 30_000


@pytest.mark.parametrize("kind", ["shake_128", "shake_256", "blake2b", "crc32", "sha1", "md5", "sha1:sha1", ""])
@pytest.mark.parametrize("which", ["Block", "Payload"])
def test_a_digest_that_is_none_costs_its_record_at_most(tmp_path: Path, kind: str, which: str) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(record(1) + record(2, f"WARC-{which}-Digest: {kind}:00") + record(3))
    captures, _, why = told(path)
    assert why is None
    assert {URL.format(1), URL.format(3)} <= {capture.url for capture in captures}


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_that_lies_gives_nothing_and_a_reason(tmp_path: Path, name: str) -> None:
    (tmp_path / "a.warc").write_bytes(record(1) + record(3))
    said = {"url": URL.format(1), "status": "200", "mime": "text/html", "filename": "a.warc"}
    text = INDEXES[name]
    if text.startswith("{") and text.endswith("}"):
        text = json.dumps(said | json.loads(text))
    index = tmp_path / "index.cdxj"
    index.write_text(f"cn,gov,example,www)/a/1.html 20240301000000 {text}\n", encoding="utf-8")
    archive = WebArchive(str(index), get_project_settings())
    found = [archive.capture(memento) for memento in archive.known([URL.format(1)])]
    archive.close()
    if any(found):
        assert name in {"a length of all", "a length of nothing"}, "the record is there, and its length matters little"
    else:
        assert archive.faults


def test_a_line_of_an_index_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crawler.mementos._LONGEST_LINE", 1_000)
    index = tmp_path / "index.cdxj"
    index.write_text("a" * 5_000, encoding="utf-8")
    archive = WebArchive(str(index), get_project_settings())
    with pytest.raises(ArchiveError, match="no end"):
        list(archive.known([URL.format(1)]))
    archive.close()


def test_a_chain_of_moves_is_followed_as_far_as_browsers_do() -> None:
    index = DocumentIndex()
    index.assign("20", ("p", "k"))
    for number in range(20):
        index.add_redirect(str(number), str(number + 1))
    index.add_redirect("start", "0")
    index.resolve_redirects()
    assert [sorted(urls, key=int) for _, urls in index] == [[str(number) for number in range(20)]]
