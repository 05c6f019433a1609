"""From captures.db to reports.db: the one part of the readers that touches the archive.

`locate` says which documents there are and at which addresses, `compose` reads one of them from all its captures and
writes nothing, `store` writes its report, relates reports of different years and finds copies (`near_copies`). Crawls
(crawler.pipelines), `importing` and `reparse` go this one way. `executor` composes in several processes, `sandbox` reads
documents in a child process, `differences` compares two readings. `portals` is what all of it asks of portals.
"""
