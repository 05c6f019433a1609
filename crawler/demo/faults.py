"""How portals fail: challenges, stubs, shells, cut answers, wrong charsets. Each fault alters the right answer."""

from __future__ import annotations

import gzip
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace

from .figures import draw
from .messages import Reply


@dataclass(slots=True, kw_only=True)
class Fault:
    """A fault switched on for some addresses."""

    kind: str
    match: str = ""
    share: float = 1.0
    left: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"unknown fault {self.kind}; known: {', '.join(KINDS)}")

    def strikes(self, portal: str, target: str, visit: int) -> bool:
        """Whether this visit fails: decided by the address and the number of the visit, never by the clock."""
        if self.left == 0 or not re.search(self.match, target):
            return False
        if self.share < 1 and draw(portal, self.kind, target, visit).random() >= self.share:
            return False
        if self.left is not None:
            self.left -= 1
        return True


def _reply(status: int, body: str, **headers: str) -> Reply:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=body.encode(), content_type="text/html", headers=named)


def _status(status: int, reason: str, **headers: str) -> Reply:
    """The error page of a plain nginx."""
    return _reply(
        status,
        f"<html>\n<head><title>{status} {reason}</title></head>\n<body>\n<center><h1>{status} {reason}</h1></center>\n"
        "<hr><center>nginx</center>\n</body>\n</html>\n",
        **headers,
    )


def jsl(status: int) -> Reply:
    """The first page of a 加速乐 challenge: a cookie spelt letter by letter."""
    cookie = "__jsl_clearance_s=1700000000.123|-1|x7Bk%3D;max-age=3600;path=/"
    spelt = "+".join(f"('{letter}')" for letter in cookie)
    script = f"<script>document.cookie={spelt};location.href=location.pathname+location.search</script>"
    return _reply(status, script, Set_Cookie="__jsluid_s=0f3a9c; max-age=31536000; path=/; HttpOnly")


def acw() -> Reply:
    """A challenge under status 200: a cookie computed by script, nothing to read."""
    return _reply(
        200,
        "<html><script>\nvar arg1='9F3C5A71D0E24B68AC1D7E5F30B2984C6D15E7A2';\nfunction setCookie(name,value)"
        "{document.cookie=name+'='+value+';max-age=3600;path=/';location.reload();}\n"
        "function reload(x){setCookie('acw_sc__v2',x);}\nreload(arg1);\n</script></html>\n",
    )


def rs() -> Reply:
    """A 瑞数 answer: status 412 and a script."""
    return _reply(
        412,
        '<!DOCTYPE html><html><head><meta id="9DhefwqGPrzGxEp9hPaoag" content="{v}" r=\'m\'>'
        "<script type=\"text/javascript\">$_ts=window['$_ts'];if(!$_ts)$_ts={};$_ts.nsd=57283;</script>"
        '<script src="/4QbVtADbnLVIc/c.FxJzG50F.js"></script></head><body></body></html>',
    )


def refresh_stub() -> Reply:
    """What is left of a document that was taken down: a refresh to the column."""
    return _reply(
        200,
        '<!DOCTYPE html>\n<html>\n<head>\n<meta http-equiv="refresh" content="0;URL=../">\n</head>\n<body></body>\n'
        "</html>\n",
    )


def maintenance() -> Reply:
    """What a portal shows of every article for a night, with status 200."""
    return _reply(
        200,
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>系统维护</title>\n</head>\n<body>\n'
        "<h1>系统维护公告</h1>\n<p>尊敬的用户：为了给您提供更好的服务，网站正在进行升级改造，期间暂停访问，敬请谅解。</p>\n"
        "</body>\n</html>\n",
    )


NOTICE = "/weihu.html"
"""Where articles lead while the fault `notice` is on; it shows the page of `maintenance`."""


def moved(how: str, to: str) -> Reply:
    """An address that only leads elsewhere: a page of some 160 bytes with a script, a refresh, or a redirect."""
    if how == "redirect":
        return _reply(301, "", Location=to)
    inside = f'<script>location.replace("{to}")</script>'
    if how == "refresh":
        inside = f'<meta http-equiv="refresh" content="0;URL={to}">'
    return _reply(200, f'<html><head><meta charset="utf-8">{inside}</head></html>')


def deep_stub() -> Reply:
    """What a portal answers for index pages that it no longer writes: status 200, nothing listed."""
    return _reply(
        200,
        '<!DOCTYPE html>\n<html>\n<head>\n<meta charset="utf-8">\n<title>政府信息公开年报</title>\n'
        '<link rel="stylesheet" href="/css/list.css">\n</head>\n<body>\n<div class="list_con">\n<ul class="list">\n'
        '</ul>\n<div class="page"></div>\n</div>\n<script src="/js/list.js"></script>\n</body>\n</html>\n',
    )


def _gbk(reply: Reply, content_type: str) -> Reply:
    text = reply.body.decode("utf-8", errors="ignore")
    # the page goes on naming the charset it is written in; only the bytes differ
    text = re.sub(r"(charset=[\"']?)utf-8", r"\1gb2312", text, count=1, flags=re.IGNORECASE)
    return replace(reply, body=text.encode("gb18030"), content_type=content_type)


def _tokens(reply: Reply) -> Reply:
    """Links lead through a rewriting gateway whose token changes at every fetch."""
    token = secrets.token_hex(8)
    gateway = rf'\1="https://{token}.ipv6best.cn/\2"'
    text = re.sub(r'\b(href|src)="https?://(?!127\.)([^"]+)"', gateway, reply.body.decode())
    text = text.replace("</body>", f'<a href="https://{token}.ipv6best.cn/beian.miit.gov.cn/">备案</a></body>')
    return replace(reply, body=text.encode(), modified=None)


def _bomb(reply: Reply) -> Reply:
    return replace(reply, body=gzip.compress(bytes(256 << 20), 9, mtime=0), encoded=True, modified=None)


def _half_unannounced(reply: Reply) -> Reply:
    """Half a page, and nothing that tells its length."""
    return replace(reply, body=reply.body[: len(reply.body) // 2], length=0, modified=None)


def _length_in_characters(reply: Reply) -> Reply:
    """The length is counted in characters and sent as one of bytes, so that clients stop reading too early."""
    characters = len(reply.body.decode("utf-8", "replace"))
    return replace(reply, length=characters, encoded=False, modified=None, body=reply.body)


def _broken_gzip(how: str) -> Callable[[Reply], Reply]:
    def broken(reply: Reply) -> Reply:
        packed = bytearray(gzip.compress(reply.body, 6, mtime=0))
        if how == "cut":
            packed = packed[: len(packed) // 2]
        elif how == "flipped":
            packed[len(packed) // 2] ^= 0xFF
        else:
            packed = bytearray(reply.body)
        return replace(reply, body=bytes(packed), encoded=True, modified=None)

    return broken


REPLACEMENTS: dict[str, Reply] = {
    "404": _status(404, "Not Found"),
    "410": _status(410, "Gone"),
    "403": _status(403, "Forbidden"),
    "500": _status(500, "Internal Server Error"),
    "502": _status(502, "Bad Gateway"),
    "503": _status(503, "Service Unavailable", Retry_After="1"),
    "521": jsl(521),
    "512": jsl(512),
    "412": rs(),
    "acw": acw(),
    "two-bytes": _reply(200, "\r\n"),
    "stub": refresh_stub(),
    "deep-stub": deep_stub(),
    "gone": _reply(200, "<html><body><p>您访问的页面不存在或已被删除！</p></body></html>"),
    "maintenance": maintenance(),
    "notice": _reply(302, "", Location=NOTICE),
    "itself": _reply(302, "", Location="#"),
    "home": _reply(302, "", Location="/"),
    "elsewhere": _reply(302, "", Location="http://hijacked.example/nb.html"),
}
"""Faults that put another answer in the place of the right one."""

ALTERED: dict[str, Callable[[Reply], Reply]] = {
    "reset": lambda reply: replace(reply, reset=True),
    "time-out": lambda reply: replace(reply, hang=True),
    "truncated": lambda reply: replace(reply, is_cut=True),
    "half-unannounced": _half_unannounced,
    "length-in-characters": _length_in_characters,
    "gzip-cut": _broken_gzip("cut"),
    "gzip-flipped": _broken_gzip("flipped"),
    "gzip-claimed": _broken_gzip("claimed"),
    "bomb": _bomb,
    "no-charset": lambda reply: _gbk(reply, "text/html"),
    "wrong-charset": lambda reply: _gbk(reply, "text/html; charset=utf-8"),
    "latin-charset": lambda reply: replace(reply, content_type="text/html;charset=iso-8859-1"),
    "tokens": _tokens,
    "no-store": lambda reply: replace(reply, headers=reply.headers | {"Cache-Control": "no-store"}),
}
"""Faults that send the right answer wrongly."""

KINDS = (*REPLACEMENTS, *ALTERED)


def apply(kind: str, reply: Reply) -> Reply:
    """The answer with the fault of that name."""
    return REPLACEMENTS[kind] if kind in REPLACEMENTS else ALTERED[kind](reply)
