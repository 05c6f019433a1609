"""Brackets without an end in JSON of others: an error like any other, wherever they stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import seal
from archive.database import ArchiveError
from archive.json_text import parsed
from pipelines.html.embedded import _strings_of
from pipelines.html.links import listed_documents

DEEP = "[" * 200_000


@pytest.mark.parametrize("text", [DEEP, DEEP.encode(), '{"a":' * 200_000, DEEP + "]" * 200_000])
def test_brackets_that_go_too_deep_are_no_json(text: str | bytes) -> None:
    with pytest.raises(ValueError, match="too deep"):
        parsed(text)
    assert parsed('[{"a": 1}]') == [{"a": 1}]


def test_a_page_that_holds_them_is_read_as_if_they_were_a_text() -> None:
    assert list(_strings_of(DEEP)) == []
    assert listed_documents(DEEP, "http://a.example/") == []


def test_a_seal_of_them_is_none(tmp_path: Path) -> None:
    (tmp_path / "seal").write_text(DEEP)
    with pytest.raises(ArchiveError, match="too deep"):
        seal.check(tmp_path, tmp_path / "seal")
