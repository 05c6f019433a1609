"""The public body that a listing names: by the title of an entry that gave no report, or by the portal's own name."""

from __future__ import annotations

import re
from functools import lru_cache

from archive.agencies import agency_id, place_id
from archive.listed_bodies import ListedBody
from pipelines.metadata import agencies
from pipelines.metadata.dates import normalise
from pipelines.metadata.issuing_body import begins_with_place, is_relative, name_in_title, with_own_division
from pipelines.metadata.titles import TITLE_YEAR, is_cut_short, is_report_title, names_body, without_suffix

_IS_SITE = re.compile(r"(?:门户|官方)?网站?$")
_BETWEEN_NAMES = re.compile(r"[_|｜]+|\s[—–-]+\s")
"""Between a site's own name and that of the body whose site it is; a dash without blanks is part of a name."""


@lru_cache(maxsize=4096)
def body_named(title: str, division_code: str | None) -> ListedBody | None:
    """The body that a title names, as the report would have it; None where it names none, or its division is not certain.

    >>> body_named("番禺区教育局2021年政府信息公开工作年度报告", "440113").agency_id
    '440113-教育局'
    >>> body_named("番禺区教育局2021年政府信息公开工作年度报告", "440113").years
    '2021'
    >>> body_named("同安在线_厦门市同安区人民政府门户网站", "350212").name
    '厦门市同安区人民政府'
    >>> body_named("2021年政府信息公开工作年度报告", "440113")
    """
    title = without_suffix(title)
    site = _IS_SITE.sub("", title)
    if is_report_title(title) and not is_cut_short(title):
        printed = agencies.split_joint(name_in_title(title).removeprefix("关于"))[0]
    else:
        named = [name.strip() for name in _BETWEEN_NAMES.split(site) if names_body(name.strip())]
        if len(named) != 1:
            return None
        printed = named[0]
    codes = [division_code] if division_code else []
    whole = None if is_relative(printed) else agencies.full_name(printed)
    name = with_own_division(whole, codes) if whole else None
    if name is None:
        return None
    year = _year_in(title)
    division, is_certain = agencies.division_of(name, year, codes)
    kind = agencies.body_kind(name)
    if not is_certain or kind is None or not (division or begins_with_place(name)):
        return None
    code = division.code if division else None
    level = agencies.level(name, kind, division, None)
    identity = agency_id(name, code, year)
    place = place_id(name, code, level, year)
    return ListedBody(identity or "", name, place or "", code or "", str(level or ""), str(kind), str(year or ""))


def _year_in(title: str) -> int | None:
    found = TITLE_YEAR.search(normalise(title))
    return int(found[1]) if found else None
