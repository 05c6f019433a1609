"""When and by whom a page says it was published: the line printed beside the article, meta tags, listing, scripts.

Printed beats meta beats listing where they name different days: PubDate is often the date of a migration
(docs/form.md, Dates and publication metadata).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto

from archive.model import Page
from pipelines.blanks import collapse_blanks
from pipelines.html.article import Article
from pipelines.html.labels import ISSUER, SOURCE
from pipelines.html.parsing import ParsedPage
from pipelines.metadata.dates import PrintedDate, find_dates, first_date, is_date, normalise

_LONGEST_LINE = 400
"""Characters of a line beside the article that may hold its date."""
_NEAR = 3
"""Lines next to the article in which a date needs no label."""
_DATE_METAS = ("pubdate", "publishdate", "published", "publishtime", "article:published_time")
_DATE_LABEL = re.compile(
    r"(?<![\u4e00-\u9fff\s])([\u4e00-\u9fff\s]*?)(?:时\s*间|日\s*期)(?:发\s*布)?\s*+(?:[:：]\s*+)?$|"
    r"(发\s*[布表])\s*+(?:[于在]\s*+)?(?:[:：]\s*+)?$"
)
# What may precede 时间 or 日期. Anything else (展会, 统计 …) dates something other than the publication.
_PUBLICATION = re.compile(
    r"(?:^|\s|发\s*布|公\s*布|公\s*开|刊\s*[发登载]|发\s*[表稿]|上\s*网|推\s*送|文\s*章|信\s*息|稿\s*件|新\s*闻)$"
)
_REVISION = re.compile(r"(?:更\s*新|录\s*入|编\s*辑|上\s*传)\s*$")
"""Labels of later changes: their date counts where no other is printed."""
_OTHER = re.compile(
    r"(?:成\s*文|生\s*成|开\s*始|结\s*束|截\s*止|有\s*效|废\s*止|失\s*效|施\s*行|实\s*施|印\s*发|签\s*发|发\s*文)\s*$"
)


def read_dates(parsed: ParsedPage, article: Article, page: Page, labelled: str | None = None) -> dict[str, str]:
    """Every witness of the date of publication: printed, meta, listing, signature, url. ISO dates or minutes.

    `labelled`: what the index table gives as the date of publication.
    """
    limit = page.captured_at
    metas = parsed.metas
    witnesses: dict[str, str | None] = {
        "printed": _printed_date(
            [*article.lines_above[:60], *article.lines_below[:15]], limit, first_date(labelled, limit)
        ),
        "meta": next((date for name in _DATE_METAS if (date := first_date(metas.get(name), limit))), None),
        "listing": next((e.date for e in page.entries if e.date and is_date(e.date, limit)), None),
        "signature": _signature_date(article.paragraphs, limit),
        "url": _url_date(page.url, limit),
    }
    return {name: date for name, date in witnesses.items() if date}


class _Trust(Enum):
    """What a date beside the article dates."""

    PUBLICATION = auto()
    POSSIBLE = auto()
    """Perhaps the publication: it has no label, or that of a revision."""
    OTHER = auto()


def _printed_date(lines: list[str], limit: str | None, labelled: str | None) -> str | None:
    """The date of the line nearest to the article that says when it was published, of the index table, or the nearest possible one."""
    possible: str | None = None
    for i, line in enumerate(lines):
        if len(line) > _LONGEST_LINE:
            continue
        next_line = lines[i + 1] if i + 1 < len(lines) else ""
        for date in find_dates(line, limit):
            trust = _trust(date, line, next_line, is_near=i < _NEAR)
            if trust is _Trust.PUBLICATION:
                return date.value
            if trust is _Trust.POSSIBLE and possible is None:
                possible = date.value
    return labelled or possible


def _trust(date: PrintedDate, line: str, next_line: str, *, is_near: bool) -> _Trust:
    """What a date dates, by its label, which may end the next line away from the article, or by what its line holds."""
    before = normalise(line)[: date.start]
    if not before and next_line.endswith(("：", ":")):
        before = normalise(next_line)
    if label := _DATE_LABEL.search(before):
        return _trust_by_label(label)
    if "来源" in line and len(line) < 120:
        return _Trust.PUBLICATION
    if "星期" in line:
        return _Trust.OTHER  # today's date in the header of a saved page
    stands_alone = len(before.strip()) <= 2 and len(line) < 60
    stands_apart = is_near and len(line) < 40 and before[-1:].isspace()
    return _Trust.POSSIBLE if stands_alone or stands_apart else _Trust.OTHER


def _trust_by_label(label: re.Match[str]) -> _Trust:
    named, verb = label.groups()
    if _REVISION.search(named or ""):
        return _Trust.POSSIBLE
    if verb or (_PUBLICATION.search(named) and not _OTHER.search(named)):
        return _Trust.PUBLICATION
    return _Trust.OTHER


def _signature_date(paragraphs: list[str], limit: str | None) -> str | None:
    for line in reversed(paragraphs[-8:]):
        if len(line) <= 60 and (dates := find_dates(line, limit)) and len(normalise(line)) - dates[-1].end <= 3:
            return dates[-1].value[:10]
    return None


_URL_DATE = re.compile(
    r"/t(20\d\d)(\d\d)(\d\d)_\d+|/(20\d\d)[-/](\d{1,2})[-/](\d{1,2})/|/(20\d\d)(\d\d)(\d\d)/|/(20\d\d)-(\d\d)/(\d\d)/|/(20\d\d)/(\d\d)-(\d\d)/"
)


def _url_date(url: str, limit: str | None) -> str | None:
    found = _URL_DATE.search(url)
    if found is None:
        return None
    year, month, day = [g for g in found.groups() if g]
    date = f"{year}-{int(month):02}-{int(day):02}"
    return date if is_date(date, limit) else None


def published(witnesses: dict[str, str]) -> str | None:
    """Printed before meta before listing; of those on the chosen day the first that names the minute."""
    trusted = [witnesses[name] for name in ("printed", "meta", "listing") if name in witnesses]
    if not trusted:
        return None
    same_day = [date for date in trusted if date[:10] == trusted[0][:10]]
    return next((date for date in same_day if len(date) > 10), trusted[0])


# --- source ----------------------------------------------------------------------------------------------------------

_SOURCE_LABEL = re.compile(
    r"(?:信\s*息|文\s*章|稿\s*件|内\s*容|文\s*件|新\s*闻)?来\s*源\s*[:：]\s*|(?:信\s*息|文\s*章|稿\s*件|内\s*容)来\s*源\s+"
)
_LABEL_ALONE = re.compile(r"(?:信\s*息|文\s*章|稿\s*件)?来\s*源\s*[:：]$")
_SOURCE_END = re.compile(
    r"(?<!\s)\s*(?:发\s*布\s*+(?:(?:时\s*间|日\s*期|机\s*构|者)\s*+)?[:：]|发\s*文|公\s*布|时\s*间\s*[:：]|日\s*期\s*[:：]|作\s*者|记\s*者\s*[:：]|浏\s*览|阅\s*读|点\s*击|访\s*问|字\s*[号体]|【|\[|［|\||｜|打\s*印|关\s*闭|分\s*享|收\s*藏|保\s*存|"
    r"(?:责\s*)?(?:任\s*)?编\s*辑|审\s*核|编\s*审|更\s*新|来\s*源|文\s*号|下\s*载|次\s*数|背\s*景|大\s*中\s*小|(?:19|20)\d\d\s*[-年/.]\s*\d|视力|扫一扫|举\s*报|评\s*论|索\s*引|主\s*题|语音|朗读|返回|纠错)"
)
_SOURCE_LITERALS = [
    re.compile(
        r"""var\s+(?i:c?(?:doc|content|article|news)?source(?:name)?|laiyuan|ly|xxly)\s*=\s*["']([^'"<>{}]{2,40})["']"""
    ),
    re.compile(r"""来源[:：](?:["']\s*\+\s*["'])?\s*([^'"<>{}+]{2,40})["'<]"""),
]
_ORGAN = re.compile(r"(?:发\s*布\s*(?:机\s*构|单\s*位)|供\s*稿(?:单位)?|稿\s*源|信息提供)\s*[:：]\s*([^\s:：]{2,40})")


def read_source(parsed: ParsedPage, article: Article, labels: Mapping[str, str]) -> str | None:
    """The 来源 as a visitor sees it: the printed line, what a script writes there, the meta, the index table's publisher."""
    metas = parsed.metas
    below = ""
    for line in [*article.lines_above, *article.lines_below]:
        source = _printed_source(line) or (_LABEL_ALONE.match(line) and _printed_source(f"来源：{below}"))
        if source:
            return source
        below = line if len(line) < 30 and not find_dates(line) else ""
    if (labelled := labels.get(SOURCE)) and (source := _printed_source(f"来源：{labelled}")):
        return source
    literal = next((m for pattern in _SOURCE_LITERALS if (m := pattern.search(parsed.scripts))), None)
    if literal and literal[1].strip():
        return collapse_blanks(literal[1])
    stated = collapse_blanks(metas.get("contentsource", "")) or collapse_blanks(
        str(parsed.gkmlpt_detail.get("publisher") or "")
    )
    if stated:
        return stated
    organs = (_ORGAN.search(line) for line in article.lines_above)
    return next((organ[1] for organ in organs if organ), None) or labels.get(ISSUER)


def _printed_source(line: str) -> str | None:
    label = _SOURCE_LABEL.search(line) if "源" in line else None
    if label is None or len(line) > 300:
        return None
    rest = line[label.end() :]
    end = _SOURCE_END.search(rest)
    source = collapse_blanks(rest[: end.start()] if end else rest).strip(" ,，;；>-")
    return source if 1 < len(source) <= 60 and not re.search(r"[。！？]", source) else None
