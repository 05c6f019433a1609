"""What is kept: the two databases, the vocabularies, and the only SQL of the project.

`captures.db` is the record and only grows; `reports.db` is read out of it and can be deleted at any time, as can
`readings.db`, which saves reading documents twice.

What belongs here: all that reads or writes an archive, and the data that describes the reports (forms, divisions,
vocabularies). What does not: reading a page (`pipelines`), asking a portal (`crawler`, `spiders`). This is the lowest
floor: it imports nothing of the project but itself.

| where | what |
|---|---|
| vocabulary, model | the words that columns hold; the things that travel between floors |
| database, migrations | opening and migrating a database; the schema and the views |
| captures, row_digests, runs, resume | captures.db: fetches, entries, portals; proof of them; runs and problems; where a crawl goes on |
| fates, ledger, tallies, asking | what came of each listed entry, that nothing is lost, the sums; when it is asked for again |
| definitions, sums, listed_bodies | how figures are added up, and against which bodies coverage is reckoned; bodies that are only listed |
| reports, records, fulltext | reports.db: reports as rows, and their full-text indexes |
| cells, figures, versions | statistics and checks as numbers; a row of figures for each report; what a report said before |
| cross_year, text_reuse, copy_candidates | checks and reused text between two years; copies of a report |
| readings | readings.db: documents as they were read, so that none is read twice; deletable |
| document_index | which addresses are one document, while it is worked out |
| charset, media_types, urls, stylesheets, batches | what all floors need to know of bytes, formats and addresses |
| health, overview | what is unwell; an archive in numbers |
| verify, backup, merge, data_package, flat_report | integrity, copies, other archives, exports of the figures |
| forms, divisions, agencies | the national forms (labels.json); GB/T 2260; ids of bodies and places |
| warc | WARC and WACZ, in and out |
| room | the reading room on Datasette |
"""

from archive.captures import Capture, Captures
from archive.database import ArchiveError
from archive.reports import Reports

__all__ = ["ArchiveError", "Capture", "Captures", "Reports"]
