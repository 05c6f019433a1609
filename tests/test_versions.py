"""What a report said before: every version is rebuilt exactly from what is stored of it."""

from __future__ import annotations

import json
import random
import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from archive import Capture, Captures, Reports
from archive.model import Located
from archive.records import FIELDS, state
from archive.versions import State, delta, history
from crawler.demo.messages import Request
from crawler.demo.nfcms import Nfcms
from pipelines.ingest.compose import compose, read_capture

PARAGRAPHS = st.lists(st.sampled_from(["一、总体情况", "全年共12件", "", "（一）", "表 1 2 3", "长" * 40]), max_size=8)
ROWS = st.lists(
    st.tuples(
        st.sampled_from([3, 4]),
        st.sampled_from(["granted", "denied_total"]),
        st.just("total"),
        st.sampled_from([None, 0, 3, 2.5]),
        st.sampled_from([None, "件"]),
        st.sampled_from(["", "3", "共3件"]),
        st.just("number"),
        st.sampled_from(["html", "narrative"]),
    ),
    max_size=6,
)
STATES = st.builds(
    State,
    fields=st.fixed_dictionaries({name: st.sampled_from([None, "甲", "乙", 2020]) for name in FIELDS[:4]}),
    text=PARAGRAPHS.map("\n".join),
    statistics=ROWS,
    attachments=st.lists(st.tuples(st.sampled_from(["u", "v"]), st.just("附件"), st.none(), st.none()), max_size=3),
)


@given(st.lists(STATES, min_size=1, max_size=6))
@settings(max_examples=200, deadline=None)
def test_every_version_is_rebuilt_from_the_newest(said: list[State]) -> None:
    stored = [json.dumps(delta(new, old), ensure_ascii=False) for new, old in zip(said[1:], said, strict=False)]
    assert history(said[-1], map(json.loads, stored)) == said


def test_versions_of_a_page_are_rebuilt_from_the_archive(tmp_path: Path) -> None:
    """A page is captured in ten states: what the archive rebuilds of each is what reading its capture gives."""
    replica = Nfcms("bench", 20)
    replica.base = "http://bench.example.gov.cn"
    url = next(replica.url(d) for d in replica.documents if d.report and d.report.form == "cn-2021")
    path = url.removeprefix(replica.base)
    page = replica.answer(Request(method="GET", path=path, target=path)).body.decode()
    captures, reports = Captures(tmp_path), Reports(tmp_path)
    reports.put_portal({"name": "p"})
    draw = random.Random(7)
    for number in range(10):
        texts = re.split(r"(>\d{1,3}<|[^<>]{12,}。)", page)
        for at in draw.sample(range(1, len(texts), 2), 6):
            texts[at] = f">{draw.randrange(500)}<" if texts[at][0] == ">" else draw.choice(["", f"新增{number}段。"])
        captures.add(
            Capture(
                url=url,
                requested_at=f"2026-01-{number + 1:02}T00:00:00.000000Z",
                status=200,
                outcome="ok",
                body="".join(texts).encode(),
                content_type="text/html; charset=utf-8",
                portal="p",
            )
        )
    place = Located(portal="p", key="1", urls=(url,))
    reading = compose(captures, place)
    assert reading.record is not None
    reports.put(reading.record)
    moments = sorted(row[1] for row in reading.record.tables["versions"])
    rebuilt = reports.states("p-1")
    assert len(rebuilt) == len(moments) > 5
    by_moment = {capture.requested_at: capture for capture in captures.history([url])}
    for moment, found in zip(moments, rebuilt, strict=True):
        assert found == state(read_capture(captures, place, by_moment[moment], ()))
    captures.close()
    reports.close()
