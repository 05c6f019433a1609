"""The simulation of a crawl of the country: what it prints stands in docs/scale.md, and it keeps the rules of a crawl."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from tests.crawling import ROOT
from tools.simulate import NATION, ORIGINS, PROVINCE, SETUPS, Machines, Nation, addresses, inputs, pace, page, simulate

SMALL = replace(PROVINCE, portals=40, reports=6_000)


def test_the_guide_has_what_the_simulation_prints() -> None:
    text = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
    assert inputs(NATION) in text
    assert page(PROVINCE) in text
    assert f"{NATION.portals:,} portals, {NATION.reports:,} reports, {sum(addresses(NATION)):,} requests." in text


def test_every_figure_has_its_origin() -> None:
    assert set(ORIGINS) == {field.name for field in fields(Nation)} - {"seed"}


@pytest.mark.parametrize("name", SETUPS)
def test_no_setup_is_faster_than_the_largest_address_allows(name: str) -> None:
    found = simulate(SMALL, SETUPS[name])
    assert found.hours >= found.floor == addresses(SMALL)[0] * pace(SMALL) / 3600
    assert 0 < found.cpu <= 1
    assert found.largest_a_day <= 86_400 / pace(SMALL)


def test_more_at_once_is_faster_until_the_largest_address_bounds_it() -> None:
    hours = [simulate(SMALL, Machines(slots=slots)).hours for slots in (1, 4, 40)]
    assert hours[0] > hours[1] > hours[2]
    assert simulate(SMALL, Machines(slots=40, machines=2)).hours == pytest.approx(hours[2], rel=0.02)


def test_cores_bound_a_crawl_whose_requests_cost_much() -> None:
    dear = replace(SMALL, fetch_cpu=1.0)
    assert simulate(dear, Machines(machines=4)).hours < 0.6 * simulate(dear, Machines()).hours


def test_portals_on_one_address_wait_for_one_another() -> None:
    alone, shared = addresses(replace(SMALL, shared=0)), addresses(replace(SMALL, shared=1))
    assert (len(alone), len(shared)) == (40, 20)
    assert sum(alone) == sum(shared)
