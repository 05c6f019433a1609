"""`python -m crawler.demo nfcms --reports 5000`: serves one replica in a process of its own until stdin is closed.

Prints one line of JSON: the portal's facts (patterns as text) and the platform's numbers.
"""

from __future__ import annotations

import argparse
import json
import sys

from .beijing import Beijing
from .epoint import Epoint
from .gkmlpt import Gkmlpt
from .hanweb import Hanweb
from .links import PlainLinks
from .nfcms import Nfcms
from .replica import Replica
from .server import Server
from .trs import Trs
from .trs_fujian import TrsFujian
from .trs_scripts import TrsWriteln, TrsXml
from .ucap import Ucap

CLASSES: dict[str, type[Replica]] = {
    cls.__name__.lower(): cls
    for cls in (Nfcms, Gkmlpt, Trs, TrsFujian, TrsWriteln, TrsXml, Hanweb, Ucap, Epoint, Beijing, PlainLinks)
}


def main() -> None:
    """Serve until stdin is closed."""
    parser = argparse.ArgumentParser(prog="python -m crawler.demo")
    parser.add_argument("kind", choices=sorted(CLASSES))
    parser.add_argument("--name", default="replica")
    parser.add_argument("--reports", type=int, default=250)
    parser.add_argument("--address", default="127.0.0.2")
    parser.add_argument("--port", type=int, default=0)
    asked = parser.parse_args()
    replica = CLASSES[asked.kind](asked.name, asked.reports)
    with Server(replica, port=asked.port, addresses=[asked.address]):
        facts = {name: getattr(value, "pattern", value) for name, value in replica.facts.items()}
        print(json.dumps({"platform": replica.platform, "facts": facts, "numbers": replica.numbers}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
