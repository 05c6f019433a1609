"""gkmlpt, Guangdong's disclosure catalogue (公开目录平台) beside NFCMS: an API supplies its columns as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.http import Response

from archive.model import Entry
from pipelines.metadata.dates import china_time, first_date
from spiders.platforms.column_names import is_category_name, says_disclosure, says_whose
from spiders.platforms.json_pages import JSONPages, Row
from spiders.platforms.listing_reader import COLUMN_NAME
from spiders.platforms.nfcms import NFCMS

_SID = re.compile(r"\bSID:\s*['\"]?(\d+)")
_TREE = re.compile(r"\bTREE:\s*(?=\[)")
_PREFIX = re.compile(r"\bPATH_PREFIX:\s*['\"]([^'\"]*)")
_API = re.compile(r"/gkmlpt/api/all/\d+$")
_REPORTS = re.compile(r"年报|年度报告")


class Gkmlpt(JSONPages, NFCMS):
    """A site on NFCMS with a catalogue. Its file gives `…/gkmlpt/index` among `listings`.

    The site's number (SID) and the categories of annual reports are read from the catalogue's own page: those that
    `column_names` knows by their names, wherever in the tree they stand. `categories` lists them by number where their
    names do not say it. Page 0 of the API repeats page 1, so the walk begins at 1.
    """

    platform: ClassVar[str] = "gkmlpt"
    categories: ClassVar[tuple[int, ...]] = ()
    row_addresses: ClassVar[tuple[str, ...]] = ("url", "post_url")
    fingerprints: ClassVar[Mapping[str, re.Pattern[str]]] = {
        "the catalogue /gkmlpt/": re.compile(r"/gkmlpt/(?:index|guide|policy|content|api)")
    }

    def is_answer(self, response: Response) -> bool:
        """Whether the API answers."""
        return bool(_API.search(urlsplit(response.url).path))

    def entries(self, response: Response) -> Iterator[Entry]:
        """Articles of an API answer, rows of a static column; the catalogue's own page lists nothing."""
        if self.is_answer(response) or not _is_catalogue(response):
            yield from super().entries(response)

    def rows(self, answer: Row) -> Sequence[Row]:
        """`articles`."""
        return answer.get("articles") or ()

    def row_date(self, row: Row) -> str | None:
        """The moment shown to readers, in seconds; the day the article was entered where none is shown."""
        shown = row.get("display_publish_time")
        return china_time(int(shown) * 1000) if shown else first_date(row.get("created_at"))

    def first_requests(self, response: Response) -> Iterator[Request]:
        """The API's first page for each category of annual reports; of a static column, its next page.

        Raises ValueError where the tree has none: it names those that are called reports of a year.
        """
        if not _is_catalogue(response):
            yield from super().first_requests(response)
            return
        sid, prefix = _SID.search(response.text), _PREFIX.search(response.text)
        if sid is None:
            raise ValueError(f"{response.url}: the catalogue's page names no SID")
        base = (prefix[1] if prefix else "") or urlsplit(response.url).path.partition("/gkmlpt/")[0]
        for category in self._chosen(response):
            url = response.urljoin(f"{base}/gkmlpt/api/all/{category.number}?page=1&sid={sid[1]}")
            if category.is_elsewhere:
                url = response.urljoin(category.address)
            self.logger.info("category %s of the catalogue: %s", category.title, url)
            yield Request(url, cb_kwargs={"branch": url}, meta={COLUMN_NAME: category.title})

    def _chosen(self, response: Response) -> list[Category]:
        """The categories to walk: those that the file or the address names, or else those that the tree names so."""
        tree = _tree(response.text)
        anchor = urlsplit(response.url).fragment
        numbers = self.categories or ((int(anchor),) if anchor.isdecimal() else ())
        if numbers:
            known = {category.number: category for category in tree}
            return [known.get(number, Category(number)) for number in numbers]
        chosen = [category for category in tree if is_category_name(category.name, category.above)]
        if any(says_disclosure(c.name) for c in chosen):  # then 年度报告 alone is of another kind, or holds several
            chosen = [c for c in chosen if says_disclosure(c.name) or says_whose(c.name)]
        if not chosen:
            others = "、".join(c.title for c in tree if _REPORTS.search(c.name)) or "none"
            raise ValueError(
                f"{response.url}: no category of the catalogue is named as one of annual reports on disclosure; "
                f"of other reports: {others}. Give the right ones by number in `categories`"
            )
        return _without_repetitions(chosen, tree)


@dataclass(frozen=True, slots=True)
class Category:
    """A node of the catalogue's tree."""

    number: int
    name: str = ""
    above: str = ""
    """The names of its ancestors, the nearest last."""
    ancestors: tuple[int, ...] = ()
    articles: int = 0
    address: str = ""
    """Where a click on it leads, if not to the list of its articles."""

    @property
    def is_elsewhere(self) -> bool:
        """Whether it is a static column that the tree only links."""
        return bool(self.address) and not self.articles and "/gkmlpt/" not in self.address

    @property
    def title(self) -> str:
        """Name and number."""
        return f"{self.name} ({self.number})" if self.name else str(self.number)


def _without_repetitions(chosen: list[Category], tree: list[Category]) -> list[Category]:
    """The chosen categories, and those below one that has fewer articles than they: the years of 年报, for example.

    Left out are those whose articles one above them shows as well, and those that hold nothing but others.
    """
    found: dict[int, Category] = {}
    waiting = list(reversed(chosen))
    while waiting:
        category = waiting.pop()
        below = [c for c in tree if c.ancestors[-1:] == (category.number,)]
        holds_less = sum(c.articles for c in below) > category.articles
        is_shown = any(found[n].articles >= category.articles > 0 for n in category.ancestors if n in found)
        if category.number not in found and not is_shown and not (holds_less and not category.articles):
            found[category.number] = category
        if holds_less:
            waiting += [c for c in reversed(below) if c.articles]
    return list(found.values())


def _is_catalogue(response: Response) -> bool:
    return "/gkmlpt/" in urlsplit(response.url).path and "_CONFIG" in response.text


def _tree(text: str) -> list[Category]:
    """The categories of the catalogue's TREE, a JSON list inside a script, each before those below it."""
    start = _TREE.search(text)
    if start is None:
        raise ValueError("the catalogue has no TREE")
    nodes, _ = json.JSONDecoder().raw_decode(text, start.end())
    found: list[Category] = []
    waiting: list[tuple[dict[str, Any], tuple[Category, ...]]] = [(node, ()) for node in reversed(nodes)]
    while waiting:
        node, above = waiting.pop()
        category = Category(
            number=int(node["id"]),
            name=node.get("name") or "",
            above=" ".join(c.name for c in above),
            ancestors=tuple(c.number for c in above),
            articles=int(node.get("post_count") or 0),
            address=node.get("jump_url") or "",
        )
        found.append(category)
        waiting += [(child, (*above, category)) for child in reversed(node.get("children") or [])]
    return found
