"""What an answer means: a document, a redirect, a missing page, a refusal or an error.

The downloader and imports share it. A refusal or an error is kept as evidence and never read as a report; a page is
missing only when the portal says so.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit

from archive.charset import decode
from archive.json_text import parsed
from archive.media_types import DOCUMENT_EXTENSIONS, PICTURE_EXTENSIONS, extension_of, format_of
from archive.urls import browser_url, without_www
from archive.vocabulary import Outcome
from archive.warc.content_encoding import OVERSIZED
from pipelines.elements import COMMENT, without_elements, without_tags
from pipelines.page_ends import PageEnds
from pipelines.wholeness import CUT_AT_THE_END, missing_end

NOT_CLOSED = "not closed"
"""The note of a page without an end that could not be compared with others of its portal yet."""
TO_ITSELF = "to itself"
"""End of the note of an answer that leads to the address that was asked."""
TINY = 1_500
"""Bytes up to which a page may be a shell that only leads elsewhere: those seen have 100 to 450."""
LARGEST_STUB = 8 * TINY
"""Bytes under which a page, style sheets and all, may do no more than say that a document is gone."""
FEW_CHARACTERS = 300
"""Visible characters under which a page with the signature of a refusal counts as one."""
LARGEST_CHALLENGE = 64_000
"""Bytes: no challenge seen is larger, so larger pages are not searched."""
MUCH_TEXT = 6_000
"""Bytes beyond ASCII, about 2,000 Han characters: no challenge seen has nearly as many, so such pages are not searched."""

_ASCII = bytes(range(128))
REFUSING = {403, 412, 512, 521}
"""Statuses of refusals and challenges."""
_MISSING = {404, 410}
_MOVES = {301, 302, 303, 307, 308}
"""Statuses whose Location browsers follow."""
_SIGNATURES = {
    "jsl": ("__jsl_clearance", "__jsluid", "document.cookie=('_')+", "location.href=location.pathname"),
    "acw_sc": ("acw_sc__v", "vararg1='"),
    "ruishu": ("$_ts=", "$_ts["),
    "waf": (
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
}
"""What refusals contain, without blanks and in lower case, by firewall: 加速乐 (jsl), 阿里云 (acw_sc), 瑞数 (ruishu), any other.

Plain strings, since every page is searched for them.
"""
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
"""National page labels: no refusal seen has them."""
_FEW_LINKS = 2
_SAYS_NOTHING = 60
"""Visible characters of a page that only leads elsewhere: 正在跳转，请稍候."""
_META = re.compile(r"<meta\b[^>]*>", re.IGNORECASE)
_IS_REFRESH = re.compile(r"http-equiv\s*+=\s*+(?:[\"']\s*+)?refresh", re.IGNORECASE)
_REFRESH_TARGET = re.compile(
    r"content\s*+=\s*+(?:[\"']\s*+)?[\d.]*+\s*+[;,]\s*+(?:url\s*+=\s*+)?[\"']?([^\"'>]*[^\"'>\s/]|/)", re.IGNORECASE
)
_SCRIPT_RELOAD = re.compile(
    r"location(?:\.href)?\s*(?:=|\.(?:replace|assign)\s*\()\s*(?:\w+\.)*location\b|location\.reload\b|history\.go\(0?\)"
)
_SCRIPT_MOVE = re.compile(
    r"location(?:\.href)?\s*(?:=|\.(?:replace|assign)\s*\()\s*[\"']([^\"']+)[\"']"
    r"|window\.(?:open|navigate)\s*\(\s*[\"']([^\"']+)[\"']\s*,?\s*[\"']?_self",
)
_AT_ONCE = 30.0
"""Seconds of a refresh up to which a page only leads elsewhere; later, a reader has read it."""
_REFRESH = re.compile(
    r"content\s*+=\s*+(?:[\"']\s*+)?(\d+(?:\.\d*)?|\.\d+)?\s*+[;,]\s*+(?:url\s*+=\s*+)?[\"']?([^\"'>]*[^\"'>\s/]|/)",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"<script\b[^>]{0,2000}>(.*?)</script\s*>", re.IGNORECASE | re.DOTALL)
_CONDITION = re.compile(
    r"\b(?:if|switch|for|while|case)\b|[?&|]{1,2}(?=[^\"'\n]{0,100}?location)|userAgent|\bfunction\s+\w|addEventListener|\.(?:click|on|bind|live)\s*\("
    r"|\bon(?:click|change|submit)\b|confirm\s*\("
)
"""What makes a script lead away only sometimes, or when a reader does something."""
_NOT_SHOWN = ("script", "style", "title", "noscript", COMMENT)
_INDEX = re.compile(r"/(?:index|default)\.\w+$", re.IGNORECASE)

_FILES = frozenset(DOCUMENT_EXTENSIONS + PICTURE_EXTENSIONS)


@dataclass(frozen=True, slots=True)
class Classification:
    """What an answer means, where it leads, and in a few words what shows it."""

    outcome: Outcome
    redirect_url: str | None = None
    note: str | None = None


_DOCUMENT = Classification(Outcome.OK)


def classify(
    url: str,
    status: int,
    content_type: str | None,
    location: str | None,
    body: bytes,
    *,
    truncated: str | None = None,
    ends: PageEnds | None = None,
) -> Classification:
    """Say what an answer with a status means. `location` is the header of that name, `body` the decoded entity.

    `truncated` says what the transfer or the WARC shows to be missing of the body or wrong with it; a body that met a limit
    is an error whatever its status. `ends` are those of
    the portal's other pages, to which this page is added.
    """
    if truncated and truncated.startswith(OVERSIZED):
        return Classification(Outcome.ERROR, note=truncated)
    by_status = _classify_status(url, status, location, body, truncated=truncated)
    if by_status is not None:
        return by_status
    if urlsplit(url).path == "/robots.txt":
        return _DOCUMENT
    is_markup = b"<" in body[:512] and "html" in (content_type or "html") and format_of(body) is None
    if not _is_too_large_for_a_challenge(body):
        small = _classify_small_answer(url, content_type, body)
        if small.outcome != Outcome.OK:
            return small
    cut = missing_end(body, content_type, is_markup=is_markup)
    is_unsure = False
    if is_markup and ends is not None and cut in {None, CUT_AT_THE_END}:
        verdict = ends.verdict(url, body)
        is_unsure = verdict is None
        cut = cut if is_unsure else verdict
        if not verdict:
            ends.add(url, body)
    if cut:
        return Classification(Outcome.ERROR, note=cut)
    return Classification(Outcome.OK, note=NOT_CLOSED) if is_unsure else _DOCUMENT


def _classify_small_answer(url: str, content_type: str | None, body: bytes) -> Classification:
    if len(body) <= 2 and not _is_json(content_type, body):
        outcome = Outcome.BLOCKED
        if (
            extension_of(url) in _FILES
        ):  # two bytes are how some portals answer for a file that is gone; none is a fault
            outcome = Outcome.MISSING if body else Outcome.ERROR
        return Classification(outcome, note=f"{len(body)}-byte answer")
    if b"<" not in body[:512] and "html" not in (content_type or "html"):
        return _DOCUMENT
    return _classify_small_page(url, body)


def _classify_status(
    url: str, status: int, location: str | None, body: bytes, *, truncated: str | None
) -> Classification | None:
    """What an answer means by its status; None for a whole answer with status 200, where the body decides."""
    if status in _MISSING:
        return Classification(Outcome.MISSING, note=f"status {status}")
    if status in REFUSING:
        return Classification(Outcome.BLOCKED, note=_signature(body) or f"status {status}")
    if status in _MOVES and location:
        return _classify_move(url, _header_address(location), f"status {status}")
    if truncated:
        return Classification(Outcome.ERROR, note=truncated)
    if status == 200:
        return None
    # A busy portal (429, 5xx) is asked again later; any other status may come with a challenge.
    may_be_challenge = status < 500 and status != 429 and len(body) <= LARGEST_CHALLENGE
    if may_be_challenge and (signature := _signature(body)):
        return Classification(Outcome.BLOCKED, note=signature)
    return Classification(Outcome.ERROR, note=f"status {status}")


def _is_too_large_for_a_challenge(body: bytes) -> bool:
    return len(body) > LARGEST_CHALLENGE or len(body.translate(None, _ASCII)) > MUCH_TEXT


def _classify_small_page(url: str, body: bytes) -> Classification:
    signature = _signature(body)
    is_small = len(body) < LARGEST_STUB
    if signature is None and not is_small and not _may_lead_elsewhere(body):
        return _DOCUMENT
    text, charset = decode(body)
    visible = len("".join(html.unescape(without_tags(without_elements(text, *_NOT_SHOWN))).split()))
    if visible < FEW_CHARACTERS:
        if signature and not (signature == "waf" and _is_of_portal(text)):
            return Classification(Outcome.BLOCKED, note=signature)
        if not visible and "document.cookie" in text:
            return Classification(Outcome.BLOCKED, note="cookie script")
    if move := _move_of_page(url, text, charset, is_shell=len(body) <= TINY and visible <= _SAYS_NOTHING):
        return _classify_move(url, *move, charset)
    if not visible and "location.reload" in text:
        return Classification(Outcome.BLOCKED, redirect_url=url, note=f"script {TO_ITSELF}")
    is_stub = is_small and visible < FEW_CHARACTERS
    return Classification(Outcome.MISSING, note="page says so") if is_stub and _GONE.search(text) else _DOCUMENT


def _move_of_page(url: str, text: str, charset: str, *, is_shell: bool) -> tuple[str, str] | None:
    """Where a page leads, and how: a shell by whatever it holds, a larger page by what is under no condition."""
    if is_shell:
        return _move_in_page(text)
    move = _sure_move(text)
    return None if move is None or _leads_to_itself(url, move[0], charset) else move


def _may_lead_elsewhere(body: bytes) -> bool:
    small = body.lower()
    return b"refresh" in small or b"location" in small


def _sure_move(text: str) -> tuple[str, str] | None:
    """Where a page of some size leads every browser at once; None for a page with a text of its own.

    Ordinary pages hold scripts that send mobile phones elsewhere, or lead away on a click, and refreshes for browsers
    without scripts: only what stands under no condition counts.
    """
    shown = without_elements(text, "noscript", "textarea", COMMENT)
    move = _sure_refresh(shown)
    for script in () if move else _SCRIPT.findall(shown):
        if not _CONDITION.search(script) and (found := _SCRIPT_MOVE.search(script)):
            move = html.unescape(next(group for group in found.groups() if group)), "script"
    if move is None:
        return None
    between_links = html.unescape(without_tags(without_elements(without_elements(shown, "a"), *_NOT_SHOWN)))
    return move if len("".join(between_links.split())) < FEW_CHARACTERS else None


def _sure_refresh(shown: str) -> tuple[str, str] | None:
    for tag in _META.findall(shown):
        found = _REFRESH.search(tag) if _IS_REFRESH.search(tag) else None
        if found and float(found[1] or 0) <= _AT_ONCE:
            return html.unescape(found[2]), "refresh"
    return None


def _leads_to_itself(url: str, target: str, charset: str) -> bool:
    """Whether a page loads itself again, as those do that show news or the time."""
    try:
        return urldefrag(browser_url(url, target, charset)).url == urldefrag(url).url
    except ValueError:
        return True


def _is_of_portal(text: str) -> bool:
    """Whether the portal itself uses the words of a refusal: in a short notice on 网络安全防护, for example."""
    return _PORTAL_PAGE.search(text) is not None or text.lower().count("<a ") > _FEW_LINKS


def _move_in_page(text: str) -> tuple[str, str] | None:
    """Where a page leads by refresh or script, and which of them; not a page that sends only mobile phones elsewhere."""
    if "userAgent" in text:
        return None
    for tag in _META.findall(text):
        if _IS_REFRESH.search(tag):
            target = _REFRESH_TARGET.search(tag)
            return html.unescape(target[1]) if target else "", "refresh"
    if move := _SCRIPT_MOVE.search(text):
        return html.unescape(next(group for group in move.groups() if group)), "script"
    return ("", "script") if _SCRIPT_RELOAD.search(text) else None


def _header_address(location: str) -> str:
    """A Location header whose bytes beyond ASCII, of whatever charset, are escaped as they came."""
    if location.isascii():
        return location
    try:
        sent = location.encode("latin-1")
    except UnicodeEncodeError:
        sent = location.encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in sent)


def _classify_move(url: str, location: str, how: str, charset: str = "utf-8") -> Classification:
    """Portals answer for a document that is gone with a move to a folder above it, the home page or an error page.

    A page that leads to itself, by script or refresh, waits for a cookie. By status it is a portal's mistake.
    """
    try:
        target = browser_url(url, location, charset)
    except ValueError:
        return Classification(Outcome.ERROR, note=f"{how} to {location[:80]!r}, which is no address")
    if urldefrag(target).url == urldefrag(url).url:
        outcome = Outcome.ERROR if how.startswith("status") else Outcome.BLOCKED
        return Classification(outcome, redirect_url=target, note=f"{how} {TO_ITSELF}")
    if is_above(target, url):
        return Classification(Outcome.MISSING, redirect_url=target, note=f"{how} to a page above")
    if _ERROR_PAGE.search(urlsplit(target).path):
        return Classification(Outcome.MISSING, redirect_url=target, note=f"{how} to an error page")
    return Classification(Outcome.REDIRECT, redirect_url=target, note=how)


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
    same_site = without_www(above.hostname or "") == without_www(below.hostname or "")
    return same_site and folder.endswith("/") and page.startswith(folder)


def _signature(body: bytes) -> str | None:
    bare = body.translate(None, b" \t\r\n").lower()
    return next((name for mark, name in _MARKS if mark in bare), None)


def _is_json(content_type: str | None, body: bytes) -> bool:
    if "json" not in (content_type or ""):
        return False
    try:
        parsed(body)
    except ValueError:
        return False
    return True
