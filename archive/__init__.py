"""What is kept, and how it is shown: the only SQL of the project.

`captures.db` is the truth and only grows; `reports.db` is read out of it and can be deleted at any time.
"""

from archive.captures import Capture, Captures
from archive.database import ArchiveError
from archive.reports import Reports

__all__ = ["ArchiveError", "Capture", "Captures", "Reports"]
