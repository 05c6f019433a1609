"""Where to look: the portals, a file of facts each, and the platforms that they run on (floor 4 of 5).

Here belong

- `<portal>.py`: one class with the facts of one site, no methods; docs/portals.md says how to add one;
- `platforms/`: how the listings of each content management system are walked;
- `registry.py`: the portals there are, and the one that an address belongs to; commands take their portals from it;
- `probing.py`: what a site runs on and where its reports are, for `scrapy probe`.

May import archive, pipelines and crawler. A spider collects addresses and hands on references to captures: it neither
decides what a report says (pipelines/) nor writes to the archive (crawler/, pipelines/ingest/).
"""
