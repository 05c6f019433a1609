"""The portals of `make demo`: fixed contents at fixed addresses, so that a second run finds nothing new.

`python -m crawler.demo.demo_portals` serves them until it is interrupted.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import replace

from . import others
from .beijing import Beijing
from .gkmlpt import Gkmlpt
from .nfcms import Nfcms
from .replica import Replica
from .reports import Synthetic, catalogue
from .server import Server
from .trs import Trs
from .trs_fujian import TrsFujian

PORT = 18080
ADDRESS = "127.13.8.{}"
YEARS = range(2025, 2015, -1)
DIVISIONS = {
    "990000": "示例省",
    "990100": "临川市",
    "990101": "青溪区",
    "990102": "云岭区",
    "990103": "石桥区",
    "990104": "凤岭区",
    "990200": "白海市",
    "990201": "望江区",
}
"""Made-up places under a code that GB/T 2260 gives to no province: the demo's archive has them beside its databases."""


def with_faults(reports: list[Synthetic], *faults: str) -> list[Synthetic]:
    """The reports, every second one on the national form with one of the faults."""
    waiting = list(faults)
    national = [report for report in reports if report.table_forms]
    chosen = dict(zip(national[1::2], waiting, strict=False))
    if len(chosen) < len(waiting):
        raise ValueError(f"{len(reports)} reports are too few for {len(waiting)} faults")
    return [replace(r, faults=frozenset({chosen[r]})) if r in chosen else r for r in reports]


def with_form(reports: Iterable[Synthetic], kind: str, years: Iterable[int]) -> list[Synthetic]:
    """The reports of those years on another form."""
    wanted = set(years)
    return [replace(report, kind=kind) if report.report_year in wanted else report for report in reports]


def demo_replicas() -> list[Replica]:
    """Six portals of four platforms and a district's own system; 103 reports from 2016 to 2025."""
    qingxi = Nfcms(
        "qingxi",
        with_faults(catalogue("临川市青溪区", 30, years=YEARS), "t3-b", "images", "slash", "prose", "thousands"),
        place="临川市青溪区",
        page_size=12,
        others=[others.notice("临川市青溪区", 2023), others.picture_story("临川市青溪区", 2024)],
        quirks=["hidden-copy"],
    )
    for document in [document for document in qingxi.documents if document.report][::4]:
        document.second_column = True
    qingxi.documents[9].state = "404"
    qingxi.documents[0].has_word_file = True

    yunling = Gkmlpt(
        "yunling",
        with_faults(catalogue("临川市云岭区", 20, years=YEARS), "t4-a", "dash", "blank-total"),
        place="临川市云岭区",
        others=[others.half_year("临川市云岭区", 2022), others.work_report("临川市云岭区", 2024)],
    )

    # the city's column shows reports of its district's government too
    district = [document.report for document in qingxi.documents if document.report]
    shared = [report for report in district if report.issuing_body == "临川市青溪区人民政府"][:2]
    own = with_form(catalogue("临川市", 20, years=YEARS, style="trs"), "hybrid", [2023])
    linchuan = Trs(
        "linchuan",
        with_faults(own, "blank", "prose-only", "t3-a") + shared,
        place="临川市",
        page_size=10,
        split=7,
    )
    linchuan.documents[4].state = "stub"
    linchuan.move(linchuan.documents[8])

    baihai = TrsFujian(
        "baihai",
        with_faults(
            with_form(catalogue("白海市望江区", 20, years=YEARS), "fj-2014-stat", [2016, 2017, 2018]),
            "images",
            "blank-form",
        ),
        place="白海市望江区",
        others=[others.letter("白海市望江区", 2019)],
    )

    shiqiao = Beijing("shiqiao", catalogue("临川市石桥区", 10, years=YEARS), place="临川市石桥区")

    # A host that refuses is left alone for the rest of a run: this portal has nothing else that would be missed.
    fengling = Trs("fengling", catalogue("临川市凤岭区", 1, years=[2024]), place="临川市凤岭区")
    fengling.documents[0].state = "521"

    replicas: list[Replica] = [qingxi, yunling, linchuan, baihai, shiqiao, fengling]
    codes = {name: code for code, name in DIVISIONS.items()}
    for i, replica in enumerate(replicas, 1):
        replica.is_dressed = True
        replica.division_code = codes[replica.place[3:] or replica.place]
        replica.base = f"http://{ADDRESS.format(i)}:{PORT}"
    return replicas


def demo_server(replicas: list[Replica] | None = None) -> Server:
    """Serves the portals at their fixed addresses; `start` raises PortTakenError when one is in use."""
    replicas = replicas or demo_replicas()
    return Server(*replicas, port=PORT, addresses=[ADDRESS.format(i) for i in range(1, len(replicas) + 1)])


def main() -> None:
    """Serve until interrupted."""
    with demo_server() as server:
        for replica in server:
            print(f"{replica.name:10} {replica.platform:12} {len(replica.truth()):3} reports  {replica.listing_url}")
        try:
            threading.Event().wait()
        except KeyboardInterrupt:
            print()


if __name__ == "__main__":
    main()
