"""Hanweb's services for the rows of lists, asked as the scripts of the column's page ask them.

`$("#303").jpage({proxyUrl: …, type: "post", submitParam: {…}})` has dataproxy.jsp answer records, a range at a time;
`<script url="…" queryData="{…}">` has the gateway answer HTML, a page at a time.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import parse_qsl, urlencode, urlsplit

from scrapy import FormRequest, Request
from scrapy.http import Response, TextResponse
from w3lib.url import add_or_replace_parameters

from spiders.platforms import script_calls

NEW, OLD = "/module/web/jpage/dataproxy.jsp", "/module/jpage/dataproxy.jsp"
GATEWAY = "/api-gateway/jpaas-publish-server/front/page/build/unit"
GROUP = 3
"""Pages in a group of records, where the page does not say."""
PROXY = re.compile(r"/module/(?:\w{1,64}/){0,20}jpage/dataproxy\.jsp")

_UNIT = "/front/page/build/unit"
"""The end of the gateway's address on every site."""
_PAGING = "paramJson"
"""The gateway's parameter that holds the page's number and size on some sites."""
_DEFAULT_SIZE = 15
"""Rows a page where the page does not say."""
_COLUMN = re.compile(r"/col/col(\d+)/")
_SENT = re.compile(r"param|data$", re.IGNORECASE)
"""Options that hold what a list's script sends: submitParam, ajaxParam, proxyParam, data."""
# unitid=303271, unitid:'303271', "unitid":303271, name="unitid" value="303271", name='WebId' content='67'
_NUMBER = r"(?i)\b{}\b[\"']?(?:\s*[:=]|\s+(?:value|content)\s*=)\s*[\"']?(\d+)"
_CONTAINER = re.compile(r"\bid\s*=\s*[\"'](\d+)[\"'][^>]*default_pgContainer")
_SIZE = re.compile(r"\b(?:perpage|pageSize|rows)\b[\"']?\s*[:=]\s*[\"']?(\d+)", re.IGNORECASE)


def first_requests(response: Response) -> Iterator[Request]:
    """The first request for each list: as the page's scripts send it, or with the numbers that stand in the page."""
    found = list(_units(response)) or [each.request(response) for each in lists(response) or _by_numbers(response)]
    yield from found


def is_gateway(response: Response) -> bool:
    """Whether the gateway answers."""
    return urlsplit(response.url).path.endswith(_UNIT)


def is_records(response: Response) -> bool:
    """Whether dataproxy.jsp answers."""
    return bool(PROXY.search(urlsplit(response.url).path) or "startrecord" in query_of(response.url))


def query_of(url: str) -> dict[str, str]:
    """The parameters in an address."""
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))


def name_of(request: Request) -> str:
    """An address that tells a request from those with another form."""
    return f"{request.url}#{request.body.decode()}" if request.body else request.url


def again(response: Response, changed: dict[str, str]) -> Request:
    """The request that got this answer, with other parameters in its address."""
    url, form = add_or_replace_parameters(response.url, changed), _form(response)
    return FormRequest(url, formdata=form) if form else Request(url)


def _form(response: Response) -> dict[str, str]:
    """What was sent by POST to get this answer."""
    return dict(parse_qsl(response.request.body.decode(), keep_blank_values=True)) if response.request else {}


# dataproxy.jsp


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordList:
    """A list that a script of the page has dataproxy.jsp fill."""

    fields: dict[str, str]
    """All that the script sends, but for the range."""
    address: str
    method: str = "GET"
    size: int = _DEFAULT_SIZE
    """Rows a page."""
    group: int = GROUP

    def request(self, response: Response) -> Request:
        """For the first group. A browser sends the range in the address, by POST too."""
        ranges = {"startrecord": "1", "endrecord": str(self.group * self.size), "perpage": str(self.size)}
        url = response.urljoin(self.address)
        if self.method == "POST":
            return FormRequest(add_or_replace_parameters(url, ranges), formdata=self.fields)
        joint = "&" if urlsplit(url).query else "?"
        return Request(f"{url}{joint}{urlencode({**ranges, **self.fields})}")


def lists(response: Response) -> list[RecordList]:
    """The lists that the page's scripts fill: those of its own column, where it has any, for others may be news."""
    column = _COLUMN.search(response.url)
    own = column[1] if column else ""
    found = [
        each
        for name, options in script_calls.calls(response.text)
        if (each := _record_list(response, name, options, own)) is not None
    ]
    return [each for each in found if own in each.fields.values()] or found


def _record_list(response: Response, name: str, options: script_calls.Options, column: str) -> RecordList | None:
    """A call as a list of records, if it is one."""
    texts = {key.lower(): value for key, value in options.items() if isinstance(value, str)}
    address = next(filter(PROXY.search, texts.values()), None)
    sent = [value for key, value in options.items() if isinstance(value, dict) and _SENT.search(key)]
    fields = {key: value for each in sent for key, value in each.items() if isinstance(value, str)}
    names = set(map(str.lower, fields))
    if not (address or name.lower().endswith("jpage")) or not names & {"unitid", "columnid"}:
        return None
    if column and "columnid" not in names:
        fields["columnid"] = column
    return RecordList(
        fields=fields,
        address=address or _proxy_of(response),
        method="POST" if "post" in map(str.lower, texts.values()) else "GET",
        size=_number(texts.get("perpage")) or _DEFAULT_SIZE,
        group=_number(texts.get("groupsize")) or GROUP,
    )


def _by_numbers(response: Response) -> Iterator[RecordList]:
    """The list by the numbers that stand somewhere in the column's page, where no script with them does."""
    text = html.unescape(response.text)
    column = re.search(_NUMBER.format("columnid"), text) or _COLUMN.search(response.url)
    unit, web = (re.search(_NUMBER.format(name), text) for name in ("unitid", "webid"))
    unit = unit or _CONTAINER.search(text)
    if column and unit and web:
        fields = {
            "appid": "1",
            "webid": web[1],
            "path": "/",
            "columnid": column[1],
            "unitid": unit[1],
            "col": "1",
            "sourceContentType": "1",
            "permissiontype": "0",
        }
        yield RecordList(fields=fields, address=_proxy_of(response), size=_size_in(text))


def _proxy_of(response: Response) -> str:
    proxy = PROXY.search(response.text)
    return proxy[0] if proxy else NEW


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() else 0


def _size_in(text: str) -> int:
    found = _SIZE.search(text)
    return int(found[1]) if found else _DEFAULT_SIZE


# The gateway


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """A request to the gateway: what is sent, and where among it the page's number stands."""

    sent: dict[str, str]
    size: int
    number: int = 1

    @classmethod
    def of(cls, response: Response) -> Self:
        """The request that got this answer."""
        sent = query_of(response.url) | _form(response)
        part = script_calls.read_object(sent.get(_PAGING, ""))
        size = _number(part.get("pageSize")) or _number(sent.get("rows")) or _DEFAULT_SIZE
        return cls(sent=sent, size=size, number=_number(part.get("pageNo")) or _number(sent.get("pageNo")) or 1)

    def request(self, address: str, method: str) -> Request:
        """For the page of this number."""
        if _PAGING in self.sent:
            part = script_calls.read_object(self.sent[_PAGING]) | {
                "pageNo": str(self.number),
                "pageSize": str(self.size),
            }
            sent = self.sent | {_PAGING: json.dumps({key: _number(value) or value for key, value in part.items()})}
        else:
            sent = self.sent | {"rows": str(self.size), "pageNo": str(self.number)}
        return FormRequest(address, formdata=sent) if method == "POST" else Request(f"{address}?{urlencode(sent)}")

    def next_request(self, response: Response) -> Request:
        """For the page after this answer."""
        following = Paging(sent=self.sent, size=self.size, number=self.number + 1)
        method = response.request.method if response.request else "GET"
        return following.request(response.url.partition("?")[0], method)


def _units(response: Response) -> Iterator[Request]:
    """The first request for each list of a column that the page's scripts have the gateway build."""
    if not isinstance(response, TextResponse):
        return
    for script in response.selector.root.iter("script"):
        query = script_calls.read_object(script.get("querydata") or "")
        if query.get("pageType") != "column":
            continue
        address = script.get("url") or ""
        sent = {"parseType": "bulidstatic"} | {key: _text(value) for key, value in query.items()}
        part = script_calls.read_object(sent.get(_PAGING, ""))
        size = _number(part.get("pageSize")) or _size_in(html.unescape(response.text))
        url = response.urljoin(address if urlsplit(address).path.endswith(_UNIT) else GATEWAY)
        yield Paging(sent=sent, size=size).request(url, (script.get("method") or "GET").upper())


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
