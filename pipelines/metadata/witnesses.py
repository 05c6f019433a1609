"""What a listing says of a document as a witness: a page on another year or by another body is not what it listed."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from archive.model import Entry, Report
from pipelines.html.article import Article
from pipelines.metadata.dates import normalise
from pipelines.metadata.issuing_body import name_in_title, names_in_text
from pipelines.metadata.titles import TITLE_YEAR, is_report_title
from pipelines.metadata.year import read_year

_OFFICE = re.compile(r"(?:(?:人民)?政府)?(?:办公[室厅]|办事处|办)?$|(?:管理委员会|管委会)$")
_PLACE = re.compile(r"[\u4e00-\u9fff]{2,8}?(?:自治[区州县]|[省市区县州旗镇]|(?<!城)乡(?![建村])|街道)")
_ORGAN = re.compile(r"(?:委员会|[局厅委办署部处])$")


Verdicts = list[tuple[Entry, str | None]]
"""Entries, each with why the page is not what it announces: empty where it is, None where the entry does not tell."""


def verdicts(title: str | None, report: Report, article: Article, entries: Sequence[Entry]) -> Verdicts:
    """What each entry that leads to a report says of it. `title` is the page's own, None where it prints none."""
    found = [(entry, _verdict(title, report, article, entry)) for entry in entries]
    if len({entry.url for entry in entries}) > 1:
        return by_date(found, _years_of_page(title, report, article))
    return found


def contradiction(found: Verdicts) -> str | None:
    """Why a report is not what the listings announce at its addresses; None where one of them agrees, or none can tell."""
    said = [why for _, why in found if why is not None]
    return said[0] if said and all(said) else None


def verdicts_of_text(paragraphs: list[str], entries: Sequence[Entry]) -> Verdicts:
    """What each entry says of a text by itself, without the title and the dates of the page that shows it."""
    article, report = Article(element=None, paragraphs=paragraphs), Report(url="")
    return [(entry, _verdict(None, report, article, entry)) for entry in entries]


def by_date(found: Verdicts, years: Collection[int]) -> Verdicts:
    """What the dates of entries at several addresses of one text tell where no title names a year.

    The entry that was listed in the year after the report's is the report's, and those listed in other years are not.
    """
    if len(years) != 1 or any(TITLE_YEAR.search(normalise(entry.title or "")) for entry, _ in found):
        return found
    (year,) = years
    if not any(_listed_in(entry) == year + 1 and not why for entry, why in found):
        return found
    return [(entry, why or _verdict_of_date(why, entry, year)) for entry, why in found]


def _verdict_of_date(why: str | None, entry: Entry, year: int) -> str | None:
    listed = _listed_in(entry)
    if listed is None or listed == year + 1:
        return why if listed is None else ""
    return f"listed in {listed}, the page is on {year}, and another entry was listed in {year + 1}"


def _listed_in(entry: Entry) -> int | None:
    return int(entry.date[:4]) if entry.date else None


def _verdict(title: str | None, report: Report, article: Article, entry: Entry) -> str | None:
    """Why a report is not an entry's; empty where it is, None where the entry does not tell."""
    listed = normalise(entry.title or "")
    years = {int(year) for year in TITLE_YEAR.findall(listed)}
    on = _years_of_page(title, report, article)
    if years and on and not years & on:
        return f"listed as {entry.title!r}, the page is on {min(on)}"
    if not years and entry.date and on and int(entry.date[:4]) < min(on):
        return f"listed on {entry.date[:10]}, the page is on {min(on)}"
    announced, found = name_in_title(listed), _names_of_page(title, article)
    if announced and found and not any(_is_same_body(announced, name) for name in found):
        return f"listed as {entry.title!r}, the page is of {found[0]}"
    return "" if (years and on) or (announced and found) else None


def _years_of_page(title: str | None, report: Report, article: Article) -> set[int]:
    """The years that the page itself names as its own; the listing's title is no witness for itself."""
    years = {int(year) for year in TITLE_YEAR.findall(normalise(title or ""))}
    year = report.report_year
    if not years:
        year = read_year(None, article.paragraphs, report.published or report.witnesses.get("signature"))[0]
    return years | ({year} if year else set())


def _names_of_page(title: str | None, article: Article) -> list[str]:
    if title and is_report_title(title):
        name = name_in_title(title)
        if name:
            return [name]
    return names_in_text(article.paragraphs)


def _is_same_body(first: str, second: str) -> bool:
    """Whether two names may be one body's: 番禺区政府办 and 广州市番禺区人民政府办公室, 人社局 and 人力资源和社会保障局."""
    parts, others = first.split(), second.split()
    return any(_may_be_same(one, other) for one in parts for other in others)


def _may_be_same(first: str, second: str) -> bool:
    first, second = _OFFICE.sub("", first), _OFFICE.sub("", second)
    if min(len(first), len(second)) < 2 or first.endswith(second) or second.endswith(first):
        return True
    places, other_places = _PLACE.findall(first), _PLACE.findall(second)
    if places and other_places and not _is_same_place(places[-1], other_places[-1]):
        return False
    organ, other_organ = _organ(first, places), _organ(second, other_places)
    if not organ and not other_organ:
        return True
    return bool(organ) == bool(other_organ) and _are_alike(organ, other_organ)


def _is_same_place(one: str, other: str) -> bool:
    return one.endswith(other) or other.endswith(one)


def _organ(name: str, places: Sequence[str]) -> str:
    """What follows the last place in a name, without its ending: 番禺区教育局 → 教育."""
    rest = name[name.rfind(places[-1]) + len(places[-1]) :] if places else name
    return _ORGAN.sub("", rest).lstrip("省市区县州旗镇乡")


def _are_alike(first: str, second: str) -> bool:
    short, long = sorted((first, second), key=len)
    letters = iter(long)
    if not short or short[0] == long[0] or all(letter in letters for letter in short):
        return True
    shared = 2 * len(set(short) & set(long))
    return shared > len(short) or (shared == len(short) and len(short) >= 4)
