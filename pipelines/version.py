"""Which readers a report was read by."""

READER_VERSION = "2"
"""Raised when a reader changes what it reads from the same page; kept with every report."""
