"""What every replica of a portal has: documents, a home page, robots.txt, pictures, and hooks to change things.

A platform's module subclasses `Replica` and answers its own addresses in `respond`. Pages are made when asked for.
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from html import escape
from typing import Any, ClassVar

from crawler.demo import office

from . import dress, faults
from .faults import Fault
from .markup import png
from .messages import Reply, Request
from .reports import Synthetic, catalogue

FRAME = ("领导信息", "机构职能", "网站地图", "政府信息公开年报")
"""Links of the quirk `frame`."""
CHINA = timezone(timedelta(hours=8))


@dataclass(slots=True, kw_only=True, eq=False)
class Document:
    """One thing that the portal lists."""

    number: int
    """The platform's own number of it."""
    title: str
    published: str
    """ISO minute."""
    report: Synthetic | None = None
    body: str = ""
    """HTML of a document that is not a report."""
    source: str = ""
    state: str = "live"
    """live, or how it fails: any of faults.KINDS."""
    elsewhere: str = ""
    """The address on another host, of an entry that only links there."""
    is_listed: bool = True
    moved_to: Document | None = None
    """Where a listed address leads by script, refresh or redirect; the document there is not listed itself."""
    second_column: bool = False
    """Published in the portal's other column too."""
    has_word_file: bool = False
    """Whether the page links the report as a Word file, too."""
    revised: int = 0

    @property
    def day(self) -> str:
        return self.published[:10]

    @property
    def modified(self) -> datetime:
        """Fixed by the date of publication and the number of revisions, so that every start serves the same headers."""
        first = datetime.fromisoformat(self.published).replace(tzinfo=CHINA)
        return (first + timedelta(days=30 * self.revised)).astimezone(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """A report that a whole crawl of the portal must archive, exactly once."""

    url: str
    aliases: tuple[str, ...]
    """Other addresses under which the portal serves or lists the same document."""
    report: Synthetic
    document: Document


class Replica:
    """A portal on loopback. With it served, `type("X", (PlatformClass,), replica.facts)` is a portal to crawl."""

    platform: ClassVar[str] = ""
    encoding: ClassVar[str] = "utf-8"
    content_type: ClassVar[str] = "text/html; charset=utf-8"
    known_quirks: ClassVar[dict[str, str]] = {}
    """What this platform can be made to do wrong: name -> description."""

    def __init__(
        self,
        name: str,
        reports: int | Sequence[Synthetic] = 25,
        *,
        place: str = "临川市青溪区",
        page_size: int = 15,
        others: Iterable[Document] = (),
        quirks: Iterable[str] = (),
        robots: str | None = "User-agent: *\nDisallow:\n",
        latency: float = 0.0,
    ) -> None:
        self.name = name
        self.place = place
        self.page_size = page_size
        self.robots = robots
        """Text of robots.txt; None answers 404."""
        self.latency = latency
        """Seconds that every answer takes: lets requests at the same time be seen."""
        self.division_code: str | None = None
        self.is_dressed = False
        """Whether its pages have a stylesheet and a banner."""
        self.base = "http://127.0.0.1"
        """Scheme, address and port, without a slash; the server sets it."""
        self.quirks: set[str] = set()
        for quirk in quirks:
            self.misbehave(quirk)
        self.faults: list[Fault] = []
        self.log: list[Any] = []
        """A `server.Hit` for every request, in the order of arrival."""
        self.visits: Counter[str] = Counter()
        self.lock = threading.Lock()
        made = catalogue(place, reports) if isinstance(reports, int) else list(reports)
        self.documents: list[Document] = [
            Document(number=0, title=r.title, published=r.published, report=r, source=r.source) for r in made
        ]
        self.documents += others
        self.documents.sort(key=lambda document: document.published, reverse=True)
        for i, document in enumerate(self.documents):
            document.number = self.first_number + 137 * (len(self.documents) - i)
        self.by_number = {document.number: document for document in self.documents}
        self._by_name: dict[str, Document] = {}

    first_number: ClassVar[int] = 5_600_000

    # Facts and truth

    @property
    def home_url(self) -> str:
        return self.base + "/"

    @property
    def listing_url(self) -> str:
        """The column of annual reports."""
        raise NotImplementedError

    @property
    def listings(self) -> tuple[str, ...]:
        """The first page of every column that holds annual reports."""
        return (self.listing_url,)

    @property
    def facts(self) -> dict[str, Any]:
        """What the portal's file declares: the class attributes of a portal on this platform's class."""
        return {
            "name": self.name,
            "title": self.site,
            "home": self.home_url,
            "division_code": self.division_code,
            "division": self.place,
            "level": "prefecture" if (self.division_code or "").endswith("00") else "county",
            "listings": self.listings,
        }

    @property
    def numbers(self) -> dict[str, Any]:
        """The platform's own numbers and addresses, as its pages name them."""
        return {}

    def url(self, document: Document) -> str:
        """The canonical address of a document."""
        raise NotImplementedError

    def aliases(self, document: Document) -> tuple[str, ...]:
        """Its other addresses."""
        return ()

    @property
    def listed(self) -> list[Document]:
        """What the listing shows, in its order."""
        return [document for document in self.documents if document.is_listed]

    def truth(self) -> list[Expected]:
        """The reports that a whole crawl must find, in the order of the listing."""
        found = []
        for listed in self.listed:
            document = listed.moved_to or listed
            if document.report and document.state == "live":
                aliases = self.aliases(document)
                if listed.moved_to:
                    aliases += (self.url(listed), *self.aliases(listed))
                found.append(
                    Expected(url=self.url(document), aliases=aliases, report=document.report, document=document)
                )
        return found

    def source(self) -> str:
        """The portal's file as Python source, for a crawl by another process."""
        facts = "".join(f"    {name} = {value!r}\n" for name, value in self.facts.items())
        return (
            "import re  # noqa: F401\n\nfrom spiders.registry import platforms\n\n\n"
            f'class {self.name.title()}(platforms()["{self.platform}"]):\n    """{self.site}, a replica."""\n\n{facts}'
        )

    # Making things go wrong, and changing them between two crawls

    def misbehave(self, quirk: str) -> None:
        """Switch a quirk of the platform on."""
        if quirk not in self.known_quirks:
            raise ValueError(f"{type(self).__name__} has no quirk {quirk}; known: {', '.join(self.known_quirks)}")
        self.quirks.add(quirk)

    def behave(self) -> None:
        """Switch every quirk and fault off."""
        self.quirks.clear()
        self.faults.clear()

    def fail(self, kind: str, match: str = "", *, share: float = 1.0, times: int | None = None) -> Fault:
        """Answer wrongly, by one of `faults.KINDS`, where the regular expression is found in path and query.

        `share` of the visits fail, always the same ones; `times` bounds how many do so altogether.
        """
        fault = Fault(kind=kind, match=match, share=share, left=times)
        self.faults.append(fault)
        return fault

    def remove(self, document: Document, how: str = "404", *, listed: bool = False) -> None:
        """Take a document down: its address answers by a fault, and the listing shows it no more unless `listed`."""
        document.state, document.is_listed = how, listed

    def restore(self, document: Document) -> None:
        """Put it back."""
        document.state, document.is_listed = "live", True

    def move(self, document: Document, how: str = "shell") -> Document:
        """Give the document a new number; its listed address leads there by shell, refresh or redirect."""
        if how not in {"shell", "refresh", "redirect"}:
            raise ValueError(f"unknown way to move {how}")
        new = self.add(document.report) if document.report else None
        if new is None:
            raise ValueError("only reports can be moved")
        new.is_listed = False
        document.moved_to, document.state = new, how
        return new

    def change(self, document: Document) -> None:
        """Publish the report again with another sentence and another figure of table two."""
        if document.report is None:
            raise ValueError("only reports can be changed")
        fields = {name: getattr(document.report, name) for name in Synthetic.__slots__}
        document.revised += 1
        document.report = Synthetic(**fields | {"revision": document.revised})

    def add(self, report: Synthetic) -> Document:
        """Publish one more, at the head of the listing."""
        number = max(self.by_number, default=self.first_number) + 137
        new = Document(
            number=number, title=report.title, published=report.published, report=report, source=report.source
        )
        self.documents.insert(0, new)
        self.by_number[number] = new
        return new

    def link_files(self, *kinds: str) -> None:
        """Let the listing link every third report straight to a file of it, of these formats (docx, pdf) by turns.

        Called once the portal is served: the addresses are whole. These reports have no page then.
        """
        for number, document in enumerate(d for d in self.documents[::3] if d.report):
            document.elsewhere = f"{self.base}/files/{document.number}.{kinds[number % len(kinds)]}"

    def find(self, name: Callable[[Document], str], wanted: str) -> Document | None:
        """The document of that name, where names are not its numbers."""
        if len(self._by_name) != len(self.documents):
            self._by_name = {name(document): document for document in self.documents}
        return self._by_name.get(wanted)

    # Answering

    def respond(self, request: Request) -> Reply | None:
        """The platform's pages; None where it has none."""
        raise NotImplementedError

    def answer(self, request: Request) -> Reply:
        """Any address, faults and quirks included."""
        reply = self._plain_answer(request)
        with self.lock:
            self.visits[request.target] += 1
            visit = self.visits[request.target]
            struck = next((fault for fault in self.faults if fault.strikes(self.name, request.target, visit)), None)
        return faults.apply(struck.kind, reply) if struck else reply

    def _plain_answer(self, request: Request) -> Reply:
        if request.path == "/robots.txt" and self.robots is not None:
            return Reply(body=self.robots.encode(), content_type="text/plain")
        if request.path == faults.NOTICE:
            return faults.maintenance()
        if self.is_dressed and (asset := dress.file(request.path)):
            return asset
        if request.path == "/":
            return self.html(self.home())
        return self._file(request) or self.respond(request) or faults.REPLACEMENTS["404"]

    def _file(self, request: Request) -> Reply | None:
        number, _, kind = request.path.removeprefix("/files/").partition(".")
        document = self.by_number.get(int(number)) if number.isdecimal() else None
        if document is None or document.report is None:
            return None
        if document.elsewhere != self.base + request.path and not (document.has_word_file and kind == "docx"):
            return None
        body = office.docx(document.report) if kind == "docx" else office.pdf(document.report)
        return Reply(body=body, content_type="application/octet-stream", modified=document.modified)

    def html(self, text: str, modified: datetime | None = None) -> Reply:
        """A page of the site."""
        if "frame" in self.quirks:
            text = self.framed(text)
        if self.is_dressed:
            text = dress.dressed(text, self.site)
        return Reply(body=text.encode(self.encoding), content_type=self.content_type, modified=modified)

    def framed(self, text: str) -> str:
        """The page in a menu and a foot that link articles, the same on every page; nobody serves them."""
        linked = [
            Document(number=990_000_100 + i, title=title, published="2021-03-01 09:00") for i, title in enumerate(FRAME)
        ]
        top, foot = (
            "".join(f'<li><a href="{escape(self.url(document))}">{document.title}</a></li>' for document in part)
            for part in (linked[:2], linked[2:])
        )
        text = re.sub(r"(<body[^>]*>)", rf'\1<div class="menu"><ul>{top}</ul></div>', text, count=1)
        return text.replace("</body>", f'<div class="wz_foot"><ul>{foot}</ul></div></body>')

    def show(self, document: Document, text: str) -> Reply:
        """A document's page, or what its state makes of it."""
        if document.moved_to:
            return faults.moved(document.state, self.url(document.moved_to))
        reply = self.html(text, document.modified)
        return reply if document.state == "live" else faults.apply(document.state, reply)

    def picture(self, document: Document, number: int) -> Reply | None:
        """A picture of a table: an empty grid."""
        if document.report is None or not 1 <= number <= document.report.pictures:
            return None
        return Reply(body=png(4 + number, 10 + number), content_type="image/png", modified=document.modified)

    # Parts of pages

    def body(self, document: Document, picture_url: Callable[[int], str], blocks: slice = slice(None)) -> str:
        """The HTML of a document's text, or of some of its blocks."""
        if document.report is None:
            return document.body
        text = document.report.html(picture_url, blocks)
        if document.has_word_file and blocks.stop is None:
            text += f'<p>附件：<a href="/files/{document.number}.docx">{escape(document.title)}.docx</a></p>'
        return text

    site_name: ClassVar[str] = "{}人民政府门户网站"

    @property
    def site(self) -> str:
        return self.site_name.format(self.place)

    def metas(self, document: Document | None = None, *, column: str = "政府信息公开年报", **more: str) -> str:
        """The national page labels; those of the article only for one."""
        named = {
            "SiteName": self.site,
            "SiteDomain": self.base.partition("//")[2],
            "SiteIDCode": "4499990001",
            "ColumnName": column,
            "ColumnType": column,
        }
        if document is not None:
            named |= {
                "ArticleTitle": document.title,
                "PubDate": document.published,
                "ContentSource": document.source,
                "Url": self.url(document),
            }
        return "\n".join(f'<meta name="{k}" content="{escape(v)}">' for k, v in (named | more).items())

    def menu(self) -> dict[str, str]:
        """The home page's navigation: text -> address."""
        return {
            "首页": "/",
            "要闻动态": "/ywdt/",
            "政务公开": "/zwgk/",
            "政府信息公开年报": self.listing_url.removeprefix(self.base),
            "政务服务": "/zwfw/",
            "互动交流": "/hdjl/",
        }

    def home(self) -> str:
        """The home page; platforms override `home_marks` to add what gives them away."""
        links = "".join(f'<li><a href="{escape(href)}">{text}</a></li>' for text, href in self.menu().items())
        return (
            f'<!DOCTYPE html>\n<html>\n<head>\n<meta charset="{self.encoding}">\n<title>{self.site}</title>\n'
            f'{self.metas(column="首页")}\n{self.home_marks()}</head>\n<body>\n<ul class="nav">{links}</ul>\n'
            f"<p>{self.site}</p>\n</body>\n</html>\n"
        )

    def home_marks(self) -> str:
        """Scripts and metas of the platform in the home page's head."""
        return ""

    def pages(self, documents: Sequence[Document] | None = None) -> list[Sequence[Document]]:
        """The listing cut into pages; at least one."""
        listed = self.listed if documents is None else documents
        size = self.page_size
        return [listed[start : start + size] for start in range(0, len(listed), size)] or [[]]

    @property
    def newest(self) -> datetime:
        """When the listing was last written."""
        last = max(self.documents, key=lambda document: document.published, default=None)
        changed = [document.modified for document in self.documents if document.revised]
        return max([last.modified if last else datetime(2024, 1, 1, tzinfo=UTC), *changed])
