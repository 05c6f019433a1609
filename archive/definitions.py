"""definitions.sql: the views by which figures are added up."""

from __future__ import annotations

import re
from importlib.resources import files

_VIEW = re.compile(r"^-- view: (\w+)\n(.*?);$", re.MULTILINE | re.DOTALL)

VIEWS: dict[str, str] = dict(_VIEW.findall(files("archive").joinpath("definitions.sql").read_text(encoding="utf-8")))
"""Name → SELECT, in the order in which they are created."""
