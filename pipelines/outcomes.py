"""What an answer means: a document, a redirect, a missing page, a refusal or an error.

Used by the downloader and by imports alike. A refusal or an error is evidence and is never read as a report;
a page is missing only when the portal says so.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

TINY = 1_500
"""Bytes under which a page may be a shell or a stub: the ones met have 100 to 450."""
FEW_CHARACTERS = 300
"""Visible characters under which a page with a refusal's signature is taken for one."""
LARGEST_CHALLENGE = 64_000
"""Bytes: no challenge page met is larger, so larger pages are not searched."""
MUCH_TEXT = 6_000
"""Bytes beyond ASCII, about 2,000 Han characters: no challenge page met has near as many, so these are not searched."""

_ASCII = bytes(range(128))
_REFUSING = {403, 412, 512, 521}
_MISSING = {404, 410}
_SIGNATURES = {
    "jsl": ("__jsl_clearance", "__jsluid", "document.cookie=('_')+", "location.href=location.pathname"),
    "acw_sc": ("acw_sc__v", "vararg1='"),
    "ruishu": ("$_ts=", "$_ts["),
    "waf": (
        *(
            "拦截",
            "安全防护",
            "网站防火墙",
            "访问过于频繁",
            "访问频率过高",
            "云防护",
            "创宇盾",
            "安全狗",
            "人机验证",
            "滑动验证",
            "安全验证",
            "请开启javascript",
        ),
        *(
            "请输入验证码",
            "非法请求",
            "访问被拒绝",
            "访问被阻断",
            "没有访问权限",
            "accessdenied",
            "requestrejected",
            "forbidden",
            "yunsuo",
            "safedog",
            "waf_",
            "wzws",
            "c3vk=",
            "cf_chl_",
            "justamoment...",
        ),
    ),
}
"""What refusals carry, written without blanks and in small letters. Plain strings: every page is searched for them."""
_MARKS = [(mark.encode(), name) for name, marks in _SIGNATURES.items() for mark in marks]
_MARKS += [(mark.encode("gb18030"), "waf") for mark in _SIGNATURES["waf"] if not mark.isascii()]
_THING = "(?:页面|网页|文件|信息|内容|文章|栏目|链接)"
_GONE = re.compile(
    rf"{_THING}[^。]{{0,8}}(?:不存在|(?:已|被|或)(?:删除|下线|下架|撤销)|找不到|无法找到|失效)|(?:没有|无法|未能?)找到[^。]{{0,10}}{_THING}"
    r"|404 Not Found|Page Not Found|was not found on this server",
    re.IGNORECASE,
)
_ERROR_PAGE = re.compile(r"/(?:404|error|notfound|not_found)(?:/|[^/]*\.\w+$)", re.IGNORECASE)
_PORTAL_PAGE = re.compile(r"name\s*=\s*[\"']?(?:SiteName|ColumnName|ArticleTitle)\b", re.IGNORECASE)
"""National page labels: no refusal met carries them."""
_FEW_LINKS = 2
_SAYS_NOTHING = 60
"""Visible characters of a page that only leads elsewhere: 正在跳转，请稍候."""
_META_REFRESH = re.compile(
    r"<meta[^>]+http-equiv\s*=\s*[\"']?refresh[^>]+content\s*=\s*[\"']?\s*[\d.]*\s*[;,]\s*url\s*=\s*['\"]?([^\"'>\s]+)",
    re.IGNORECASE,
)
_SCRIPT_MOVE = re.compile(
    r"location(?:\.href)?\s*(?:=|\.(?:replace|assign)\s*\()\s*[\"']([^\"']+)[\"']"
    r"|window\.(?:open|navigate)\s*\(\s*[\"']([^\"']+)[\"']\s*,?\s*[\"']?_self",
)
_NOT_SHOWN = re.compile(r"<(script|style|title|noscript)\b.*?</\1\s*>|<!--.*?-->|<[^>]*>", re.IGNORECASE | re.DOTALL)
_INDEX = re.compile(r"/(?:index|default)\.\w+$", re.IGNORECASE)
_FILE = re.compile(r"\.(?:pdf|docx?|xlsx?|wps|et|ofd|zip|rar|png|jpe?g|gif|bmp|webp)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Outcome:
    """`name` is one of archive.captures.OUTCOMES; `note` says in a few words what gave it away."""

    name: str
    redirect_url: str | None = None
    note: str | None = None


def classify(
    url: str, status: int, content_type: str | None, location: str | None, body: bytes, *, truncated: bool = False
) -> Outcome:
    """Say what an answer with a status means. `location` is the header of that name, `body` the decoded entity."""
    if status in _MISSING:
        return Outcome("missing", note=f"status {status}")
    if status in _REFUSING:
        return Outcome("blocked", note=_signature(body) or f"status {status}")
    if 300 <= status < 400 and location:
        return _moved(url, location, f"status {status}")
    if truncated:
        return Outcome("error", note="truncated")
    if status != 200:
        # Busy portals are waited for; of what else is no document, a challenge is one under any status.
        challenge = _signature(body) if status < 500 and status != 429 and len(body) <= LARGEST_CHALLENGE else None
        return Outcome("blocked", note=challenge) if challenge else Outcome("error", note=f"status {status}")
    if (
        len(body) > LARGEST_CHALLENGE
        or len(body.translate(None, _ASCII)) > MUCH_TEXT
        or urlsplit(url).path == "/robots.txt"
    ):
        return Outcome("ok")
    if len(body) <= 2 and not _is_json(content_type, body):
        return Outcome("missing" if _FILE.search(urlsplit(url).path) else "blocked", note=f"{len(body)}-byte answer")
    if b"<" not in body[:512] and "html" not in (content_type or "html"):
        return Outcome("ok")
    return _small_page(url, body)


def _small_page(url: str, body: bytes) -> Outcome:
    signature = _signature(body)
    if signature is None and len(body) > TINY and not _may_say_gone(body):
        return Outcome("ok")
    text = _decode(body)
    visible = len("".join(html.unescape(_NOT_SHOWN.sub("", text)).split()))
    if visible >= FEW_CHARACTERS:
        return Outcome("ok")
    if signature and not (signature == "waf" and _is_of_portal(text)):
        return Outcome("blocked", note=signature)
    if not visible and ("document.cookie" in text or "location.reload" in text):
        return Outcome("blocked", note="cookie script")
    if len(body) <= TINY and visible <= _SAYS_NOTHING and "userAgent" not in text:
        move = _META_REFRESH.search(text) or _SCRIPT_MOVE.search(text)
        if move:
            target = html.unescape(next(group for group in move.groups() if group))
            return _moved(url, target, "refresh" if move.re is _META_REFRESH else "script")
    if _GONE.search(text):
        return Outcome("missing", note="page says so")
    return Outcome("ok")


def _is_of_portal(text: str) -> bool:
    """Whether words of refusals are said by a page of the portal itself: a short notice on 网络安全防护, say."""
    return _PORTAL_PAGE.search(text) is not None or text.lower().count("<a ") > _FEW_LINKS


def _may_say_gone(body: bytes) -> bool:
    return len(body) < 8 * TINY


def _moved(url: str, location: str, note: str) -> Outcome:
    """A move to a folder above, to the home page or an error page is how portals answer for a document that is gone."""
    target = urljoin(url, location.strip())
    if is_above(target, url):
        return Outcome("missing", redirect_url=target, note=f"{note} to a page above")
    if _ERROR_PAGE.search(urlsplit(target).path):
        return Outcome("missing", redirect_url=target, note=f"{note} to an error page")
    return Outcome("redirect", redirect_url=target, note=note)


def is_above(target: str, url: str) -> bool:
    """Whether `target` is the home page of any host, or a folder that holds `url`, and not `url` itself.

    >>> is_above("http://a.gov.cn/", "http://a.gov.cn/x/t1.html"), is_above("http://a.gov.cn/x/index.html", "http://a.gov.cn/x/t1.html")
    (True, True)
    >>> is_above("https://a.gov.cn/x/t1.html", "http://a.gov.cn/x/t1.html"), is_above("http://a.gov.cn/x/", "http://a.gov.cn/x")
    (False, False)
    """
    above, below = urlsplit(target), urlsplit(url)
    folder = _INDEX.sub("/", above.path) or "/"
    page = _INDEX.sub("/", below.path) or "/"
    if above.query or page.rstrip("/") == folder.rstrip("/"):
        return False
    if folder == "/":
        return True
    same_site = (above.hostname or "").removeprefix("www.") == (below.hostname or "").removeprefix("www.")
    return same_site and folder.endswith("/") and page.startswith(folder)


def _signature(body: bytes) -> str | None:
    bare = body.translate(None, b" \t\r\n").lower()
    return next((name for mark, name in _MARKS if mark in bare), None)


def _is_json(content_type: str | None, body: bytes) -> bool:
    if "json" not in (content_type or ""):
        return False
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _decode(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("gb18030", "replace")
