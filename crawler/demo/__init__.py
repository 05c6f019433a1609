"""Replicas of portals on loopback, one module per platform, and the synthetic reports that they publish.

    with Server(Nfcms("qingxi", 250), Ucap("yunling", 40)) as server:
        replica = server["qingxi"]
        portal = make_portal(replica.platform, replica.facts)     # to crawl; replica.source() is its file
        replica.truth()                                      # every report to be found: url, aliases, Synthetic
        replica.misbehave("deep-stub")                       # a quirk of the platform: replica.known_quirks
        replica.fail("521", r"/content/", share=0.05)        # a fault of faults.KINDS on some addresses
        replica.remove(document), replica.change(document), replica.move(document), replica.add(report)
        replica.behave()                                     # quirks and faults off
        replica.log                                          # every request: time, target, status, at_once

| module | what |
|---|---|
| reports, figures, annex, prose, markup | `Synthetic`: what a report says, how it is printed, what must be read from it |
| others | notices, half-year statistics, letters: what a column lists besides |
| replica, dress, messages, faults, server | what all portals share: documents and their changes; looks; failures; HTTP |
| nfcms gkmlpt trs trs_fujian trs_scripts hanweb ucap epoint beijing easysite links | the platforms |
| demo_portals | the portals of `make demo`, at fixed addresses |

`python -m crawler.demo KIND` serves one replica in a process of its own.
"""
