"""Proving that an archive is what was written.

Nothing here trusts the files: whatever is wrong with them becomes a line, and so does what could not be looked at.
"""

from __future__ import annotations

import os
from pathlib import Path

from archive.migrations.captures import migrations
from archive.structure import faults
from archive.verification import Scope, Verification, open_damaged
from archive.verify_captures import CapturesCheck, Progress
from archive.verify_reports import verify_reports
from archive.write_ahead_log import log_fault


def verify(folder: Path, progress: Progress = lambda *_: None, scope: Scope | None = None) -> Verification:
    """Look at everything of an archive, or at what `scope` says. Raises ArchiveError when there is no captures.db in `folder`."""
    result, scope = Verification(), scope or Scope()
    db = open_damaged(folder / "captures.db")
    try:
        if scope.share >= 1:
            for message in faults(db, migrations, folder / "captures.db"):
                result.is_broken = True
                result.lines.append(f"captures.db: {message}")
            if fault := log_fault(folder / "captures.db"):
                result.is_incomplete = True
                result.lines.append(f"captures.db: {fault}")
        else:
            result.notes.append("the structure of the files was not looked at, as only a sample was asked for")
        CapturesCheck(db, result, scope).run(progress)
        if os.path.lexists(folder / "reports.db"):
            before = len(result.lines)
            verify_reports(folder / "reports.db", db, result, scope)
            result.is_derived_broken = len(result.lines) > before
    finally:
        db.close()
    return result
