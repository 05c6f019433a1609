"""The reading room: what its pages show, as functions of a read-only connection to reports.db or captures.db.

No function here writes, makes a request or knows of HTTP; `archive/plugins/reading_room.py` puts them on pages.
"""
