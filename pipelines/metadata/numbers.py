"""索引号 and 文号: the numbers under which a report is filed and issued.

Both are among the items that an index of open government information (政府信息公开目录) has for every document, and
portals print them in a table above the article; docs/form.md, Dates and publication metadata.
"""

from __future__ import annotations

import re

from pipelines.html.article import Article
from pipelines.html.labels import DOCUMENT_NUMBER, INDEX_NUMBER
from pipelines.html.parsing import ParsedPage

_YEAR_AND_SERIAL = r"[〔﹝［\[(（【]\s*(?:19|20)\d\d\s*[〕﹞］\])）】]\s*第?\d{1,5}\s*号"
_INDEX_NUMBER = re.compile(r"索\s*[引取]\s*号[ \t]*+(?:[:：][ \t]*+)?([A-Za-z0-9][A-Za-z0-9\-/_.—]{5,60})")
_INDEX_VALUE = re.compile(r"([A-Za-z0-9][A-Za-z0-9\-/_.—]{5,60})$")
_DOCUMENT_NUMBER = re.compile(
    r"(?:文\s*号|发\s*文\s*字\s*号|文\s*件\s*编\s*号|字\s*号)[ \t]*[:：]?[ \t]*"
    rf"([\u4e00-\u9fff]{{1,14}}\s*{_YEAR_AND_SERIAL})"
)
_NUMBER_ALONE = re.compile(rf"^([\u4e00-\u9fff]{{2,12}}\s*{_YEAR_AND_SERIAL})$")
_FORM_NOTICE = re.compile(r"^国办(?:公开办)?(?:发|函)")
"""Notices of the General Office of the State Council, which prescribe the form and which reports quote."""
_BLANK = re.compile(r"\s")


def read_index_number(parsed: ParsedPage, article: Article) -> str | None:
    """The 索引号 of the index table above the article, else of the page's JSON."""
    printed = _INDEX_NUMBER.search(_above(article))
    if printed is None:
        printed = _INDEX_VALUE.match(article.labels().get(INDEX_NUMBER, ""))
    return printed[1] if printed else parsed.gkmlpt_detail.get("identifier") or None


def read_document_number(parsed: ParsedPage, article: Article) -> str | None:
    """The 文号 of the index table, else of a line of its own at the head of the article, else of the page's JSON.

    The number of the notice that prescribes the form is not the report's own.
    """
    printed = (
        _DOCUMENT_NUMBER.search(_above(article))
        or _NUMBER_ALONE.match(article.labels().get(DOCUMENT_NUMBER, ""))
        or next((alone for line in article.paragraphs[:3] if (alone := _NUMBER_ALONE.match(line))), None)
    )
    number: str | None = _BLANK.sub("", printed[1]) if printed else parsed.gkmlpt_detail.get("document_number") or None
    return None if number and _FORM_NOTICE.match(number) else number


def _above(article: Article) -> str:
    """The lines above the article in the order of the page."""
    return "\n".join(reversed(article.lines_above))
