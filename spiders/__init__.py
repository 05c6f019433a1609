"""Where to look: the portals, a row of facts each, and the platforms that they run on (floor 4 of 5).

Here belong

- `portals.csv`: a row with the facts of each site, of which `portals.py` makes spiders and `portal_table.py` says what is
  wrong; docs/portals.md says how to add one;
- `<portal>.py`: one class for a site that needs more than a row;
- `platforms/`: how the listings of each content management system are walked;
- `registry.py`: the portals there are, and the one that an address belongs to; commands take their portals from it;
- `probing.py`: what a site runs on and where its reports are, for `scrapy probe`;
- `survey.py`: many sites probed and tried, for `scrapy survey`; `trial.py` says what a trial has to prove.

May import archive, pipelines and crawler. A spider collects addresses and hands on references to captures: it neither
decides what a report says (pipelines/) nor writes to the archive (crawler/, pipelines/ingest/).
"""
