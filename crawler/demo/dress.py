"""How a replica looks where it is dressed: a stylesheet that imports another, and a banner. Without, pages are bare markup."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from .markup import stripes
from .messages import Reply

_MODIFIED = datetime(2016, 1, 4, tzinfo=UTC)
_SITE = """@charset "utf-8";
@import url("base.css");
/* the site's own look */
.banner { background: #1f4e79 url("../images/banner.png") repeat-x; color: #fff; padding: 14px 24px;
  font: 700 26px/44px serif; letter-spacing: .12em; }
.mainnav ul, .nav ul, ul.nav { background: #d9e5f1; list-style: none; margin: 0; padding: 8px 16px; }
.mainnav li, .nav li { display: inline-block; margin-right: 20px; }
h1, .content_title, .title { color: #1f4e79; text-align: center; font-size: 24px; }
"""
_BASE = """body { background: #eef1f5; color: #222; font: 16px/1.8 "Songti SC", SimSun, serif; margin: 0 auto; max-width: 980px;
  padding: 0 20px 40px; box-shadow: 0 0 0 100vmax #eef1f5; background-color: #fff; }
table { border-collapse: collapse; max-width: 100%; }
td, th { padding: 2px 6px; font-size: 14px; }
a { color: #1f4e79; }
"""
FILES: dict[str, tuple[bytes, str]] = {
    "/css/site.css": (_SITE.encode(), "text/css"),
    "/css/base.css": (_BASE.encode(), "text/css"),
    "/images/banner.png": (stripes(24, 72), "image/png"),
    "/images/emblem.png": (stripes(48, 48), "image/png"),
}
"""Path → body and type."""


def dressed(text: str, site: str) -> str:
    """A page with the site's stylesheet, banner and emblem."""
    text = text.replace("</head>", '<link rel="stylesheet" type="text/css" href="/css/site.css">\n</head>', 1)
    emblem = '<img src="/images/emblem.png" width="48" height="48" alt="">'
    return re.sub(r"(<body[^>]*>)", rf'\1<div class="banner">{emblem} {site}</div>', text, count=1)


def file(path: str) -> Reply | None:
    """What stands at a path of a dressed replica."""
    if path not in FILES:
        return None
    body, content_type = FILES[path]
    return Reply(body=body, content_type=content_type, modified=_MODIFIED)
