"""The public body that issued a report, or the two of a joint one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from archive import divisions
from archive.model import Problem
from archive.vocabulary import ProblemKind
from pipelines.blanks import collapse_blanks
from pipelines.html.article import Article
from pipelines.html.parsing import ParsedPage
from pipelines.metadata import agencies
from pipelines.metadata.dates import find_dates, normalise

_TITLE_SUBJECT = re.compile(r"(?:关于)?(?:做好|公布|发布)?(?:政府|政务|部门)?(?:信\s*息\s*公\s*开|政务公开)")
_YEARS = re.compile(
    r"[（(]?(?<!\d)20\d\d(?!\d)\s*年?\s*度?\s*[)）]?|"
    r"[二][〇零○ＯO][〇零○ＯO一二三][〇零○ＯO一二三四五六七八九]年度?"
)
_ORGAN = r"人民政府办公[室厅]|人民政府|政府办公[室厅]|街道办事处|管委会|管理委员会|委员会|办公室|局|厅"
_SUBJECT_OF_SENTENCE = re.compile(
    r"^(?:[一1][、.]\s*\S{0,8}\s)?20\d\d\s*年(?:度|以来)?\s*[,，]\s*(?:在[^,，]{2,30}[,，]\s*)?(?:我|本)?"
    rf"([\u4e00-\u9fff]{{2,40}}?(?:{_ORGAN}))"
    r"(?:始终|认真|深入|坚持|严格|以|按|在|全面|积极|紧紧|围绕|继续|高度|不断|切实|贯彻|根据|共|的)"
)
_COMPILED_BY = re.compile(rf"由\s*([\u4e00-\u9fff]{{4,40}}?(?:{_ORGAN}))\s*(?:组织)?(?:编制|编写)")
_RELATIVE = re.compile(r"(?:我|本|各|全)(?:[省市区县局委厅镇乡街]|机关|单位)")
"""我局, 本机关: the body without its name."""
_PLACE = re.compile(r"[\u4e00-\u9fff]{2,8}?[省市区县州旗盟镇乡]")
_RANK = re.compile(r"(?:省|自治区|市|区|县|州|旗)(?=人民政府)")
"""The kind of division at the head of a name that leaves the division itself out: 区人民政府."""
_AROUND_NAME = re.compile(r"^关于\s*(?=\S{4})|(?:年度|年|关于|度)$")
"""关于…局2020年…的报告, …局关于…: words of the title about the name."""
_SITE_SUFFIX = re.compile(r"(?:(?<!人民)政府)?(?:门户)?网站?$")


def read_issuing_bodies(
    title: str | None, source: str | None, codes: list[str], parsed: ParsedPage, article: Article
) -> tuple[list[str], list[Problem]]:
    """The full name of the issuing body, and that of the second one of a joint report.

    `codes` are the divisions that portal and site name. The witnesses in the order in which they are trusted: title,
    signature, the preamble's 由…编制, the subject of the first sentence, source, name of the site.
    """
    text = "\n".join([*article.paragraphs, *parsed.metas.values()])
    for candidate in _candidates(title, source, parsed, article):
        if is_relative(candidate):
            continue
        names = [agencies.full_name(part, text) for part in agencies.split_joint(candidate)]
        if len(names) == 1 and names[0]:
            names = [_with_place(names[0], codes, source, parsed, article)]
        if names and all(names):
            return [name for name in names if name], []
    message = "no issuing body: title, signature, preamble and source name none"
    return [], [Problem(kind=ProblemKind.UNSURE, message=message)]


def is_relative(name: str) -> bool:
    """Whether a body is named by what it is to whoever speaks: 我局, 本机关."""
    return _RELATIVE.match(name) is not None


def name_in_title(title: str) -> str:
    """What a report's title says before its subject, without years: 2017年北京市朝阳区政府信息公开… → 北京市朝阳区."""
    title = _YEARS.sub("", normalise(collapse_blanks(title)))
    subject = _TITLE_SUBJECT.search(title)
    name = title[: subject.start()] if subject else ""
    return _AROUND_NAME.sub("", name.strip(' 《“"')).strip()


def names_in_text(paragraphs: list[str]) -> list[str]:
    """Whom the text names as its issuer: its signature, the preamble's 由…编制, the subject of the first sentence."""
    names = _names_in_signature(paragraphs)
    for paragraph in paragraphs[:4]:
        found = _COMPILED_BY.search(paragraph) or _SUBJECT_OF_SENTENCE.match(normalise(paragraph))
        if found:
            names.append(found[1])
    return names


def _candidates(title: str | None, source: str | None, parsed: ParsedPage, article: Article) -> Iterator[str]:
    if title:
        yield name_in_title(title)
    yield from names_in_text(article.paragraphs)
    yield source or ""
    yield _name_of_site(parsed)


def _name_of_site(parsed: ParsedPage) -> str:
    return _SITE_SUFFIX.sub("", parsed.metas.get("sitename", ""))


def _names_in_signature(paragraphs: list[str]) -> list[str]:
    """The body's name on the line above the date that ends the text; a list of one name or none."""
    tail = paragraphs[-8:]
    for name, line in pairwise(tail):
        if find_dates(line) and len(line) <= 24 and 4 <= len(name) <= 40 and agencies.full_name(name):
            return [name]
    return []


def _with_place(name: str, codes: list[str], source: str | None, parsed: ParsedPage, article: Article) -> str | None:
    """A name with its place: 区人民政府办公室 needs one, 教育局 takes one where another witness names it in full."""
    if begins_with_place(name):
        return name
    for other in (source or "", *_names_in_signature(article.paragraphs), _name_of_site(parsed)):
        whole = agencies.full_name(other)
        if whole and len(whole) > len(name) and whole.endswith(name) and divisions.leading_divisions(whole):
            return whole
    return with_own_division(name, codes)


def begins_with_place(name: str) -> bool:
    """Whether a name of a place, known or not, stands at the head of a body's name."""
    return _PLACE.match(name) is not None


def with_own_division(name: str, codes: list[str]) -> str | None:
    """区人民政府 with the district of these codes before it, None where none is one; any other name as it is."""
    rank = _RANK.match(name)
    if rank is None:
        return name
    own = next((d for code in codes if (d := divisions.division(code)) and d.name.endswith(rank[0])), None)
    return own.name + name[rank.end() :] if own else None
