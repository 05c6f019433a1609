"""The schema of both databases, one function per step; a released step is never edited.

`captures` and `reports` have the steps, `views` the views of reports.db. Imports archive.vocabulary, archive.forms and
archive.fulltext. Next: `archive.database` opens a database and applies the steps; archive/room/metadata.yaml describes each column.
"""
