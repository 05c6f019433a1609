"""Captures to reports.db: the one part of the readers that touches the archive."""
