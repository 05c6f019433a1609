"""What the demo's archive has before its first crawl: made-up places, a report since changed, one since taken down."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive import Captures
from archive.agencies import places
from archive.divisions import division, named
from archive.vocabulary import Outcome
from crawler.demo.demo_portals import DIVISIONS, demo_replicas
from crawler.demo.earlier import MISSED, PORTAL, put_divisions, put_earlier


def test_an_archive_has_divisions_of_its_own_and_no_other_has_them(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other"
    put_divisions(own)
    Captures(own).close()
    assert division("990101").name == "青溪区"  # type: ignore[union-attr]
    assert [one.code for one in named("临川市")] == ["990100"]
    assert ("990101", "青溪区", "county", "990100", 2007, None) in set(places())
    Captures(other).close()
    assert division("990101") is None
    assert not {code for code, *_ in places()} & DIVISIONS.keys()
    assert division("440113").name == "番禺区"  # type: ignore[union-attr]


def test_no_made_up_place_has_a_code_or_name_of_gb_t_2260() -> None:
    assert not any(division(code) or division(code, 2007) for code in DIVISIONS)
    assert not any(named(name) for name in DIVISIONS.values())


@pytest.mark.parametrize("times", [1, 2])
def test_what_was_before_is_put_once_and_the_portal_has_moved_on(tmp_path: Path, times: int) -> None:
    captures = Captures(tmp_path)
    for _ in range(times):
        replicas = demo_replicas()
        put_earlier(captures, replicas)
        captures.add_portal({"name": PORTAL})  # as a crawl does
    outcomes = [row["outcome"] for row in captures.db.conn.execute("SELECT outcome FROM captures ORDER BY id")]
    assert outcomes == [Outcome.OK] * 2 + [Outcome.MISSING] * len(MISSED)
    replica = next(replica for replica in replicas if replica.name == PORTAL)
    changed, removed = (entry.url for entry in sorted(captures.entries(), key=lambda entry: entry.url, reverse=True))
    assert [d.revised for d in replica.documents if replica.url(d) == changed] == [1]
    assert removed not in {expected.url for expected in replica.truth()}
    captures.close()
