"""Version of the readers, stored with each report."""

READER_VERSION = "7"
"""Raised when a reader changes what it reads from the same page; stored with every report."""
