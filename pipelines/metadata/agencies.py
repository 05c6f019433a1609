"""Public bodies: their full names, their kind and level, and the division of GB/T 2260 in which they sit."""

from __future__ import annotations

import re

from archive.agency_names import without_other_names
from archive.divisions import Division, division, is_below, leading_divisions, named
from archive.vocabulary import BodyKind, Level
from pipelines.blanks import collapse_blanks


def division_of(name: str, year: int | None, witnesses: list[str]) -> tuple[Division | None, bool]:
    """The division in which a public body sits as of a year, and whether that is certain.

    `witnesses` are codes: of the portal, of the SiteIDCode. A name alone decides where it is the only one of its kind
    (28 names of counties are not: 鼓楼区, 朝阳区 …); a wider division named before it or a witness decides among several.
    (None, True) means that nothing names a division, (None, False) that what names it does not decide.
    """
    names = leading_divisions(name)
    codes = [code for code in witnesses if division(code, year) or division(code)]
    if not names:
        return _division_of_site(codes, year)
    candidates = _divisions_named(names, year)
    if len(candidates) > 1:
        candidates = _nearest(candidates, codes)
    return (candidates[0], True) if len(candidates) == 1 else (None, False)


def _division_of_site(codes: list[str], year: int | None) -> tuple[Division | None, bool]:
    """A department that names no place is the site's own."""
    own = next((d for d in (division(code, year) or division(code) for code in codes) if d), None)
    return own, own is not None or not codes


def _divisions_named(names: list[str], year: int | None) -> list[Division]:
    """The divisions with the last of these names within those with the names before it.

    Valid in the year, else in the next, when the report was published, else today, else ever.
    """
    for when in [year, year + 1, None] if year else [None]:
        if chosen := _divisions_named_in(names, when):
            return chosen
    return named(names[-1])


def _divisions_named_in(names: list[str], year: int | None) -> list[Division]:
    chosen = [d for d in named(names[0]) if d.valid(year)]
    for name in names[1:]:
        below = [d for d in named(name) if d.valid(year) and any(is_below(d.code, above.code) for above in chosen)]
        if not below:
            break
        chosen = below
    return chosen


def _nearest(candidates: list[Division], codes: list[str]) -> list[Division]:
    """Those of the candidates that lie in the first witness's division to have any, or else contain it."""
    for code in codes:
        within = [d for d in candidates if d.code == code or is_below(d.code, code)]
        if near := within or [d for d in candidates if is_below(code, d.code)]:
            return near
    return candidates


# --- names -----------------------------------------------------------------------------------------------------------

_ORGAN_END = re.compile(
    r"(?:人民政府|政府|办公[室厅]|办事处|委员会|管委会|监委|[^区县市省]委|局|厅|署|部|处|院|所|站|馆|队|中心|学校|大学|学院|中学|小学|医院|公司|集团|银行|分行|支行|"
    r"总会|联合会|协会|学会|工会|社|台|海关|税务|气象|办|公署|行署)$"
)
_ZONE_END = re.compile(
    r"(?:开发区|实验区|新区|高新区|示范区|度假区|保税(?:港)?区|合作区|工业园区?|产业园区?|园区|风景名胜区|景区|自贸区|试验区|管理区|管理局)$"
)
_OTHER_NAME = re.compile(r"\s*[（(][\u4e00-\u9fff、，]+[）)]")
_COMMA = re.compile("[、，,]")
_AND = re.compile("[和与及暨]")
_BEGINS_ANEW = re.compile("市(?![场政容])|[省区县州旗](?![域划])")
"""What a second body's name begins with where it leaves its place out: 区教育局和区体育局."""
_SHORT_GOVERNMENT = re.compile(r"(?<=[省市区县州旗盟镇乡])政府(?=$|办)")


def full_name(name: str, text: str = "") -> str | None:
    """A body's name written out: 朝阳区 → 朝阳区人民政府, 翔安区政府办 → 翔安区人民政府办公室. None for what names no body.

    `text` decides for zones (开发区 …), which have no people's government: it must contain the committee's name.
    """
    name = collapse_blanks(name).strip(' ,，、:：《》"“”·-—')
    if not name or len(name) < 2 or len(name) > 60:
        return None
    if (own := without_other_names(name)) != name:
        whole = full_name(own, text)
        return whole + name[len(own) :] if whole and _OTHER_NAME.fullmatch(name[len(own) :]) else whole
    name = _SHORT_GOVERNMENT.sub("人民政府", name)
    if name.endswith("人民政府办"):
        name += "公室"
    if _ORGAN_END.search(name):
        return name
    if re.search(r"街道$", name):
        return name + "办事处"
    names = leading_divisions(name)
    if names and "".join(names) == name:
        return name + "人民政府"
    if re.search(r"[镇乡]$", name):
        return name + "人民政府"
    if _ZONE_END.search(name):
        for ending in ("管理委员会", "管委会"):
            if name + ending in text:
                return name + ending
        return name + "管委会" if "管委会" in text else None
    return None


def split_joint(name: str) -> list[str]:
    """The two bodies of a joint report, between which a blank, a comma or an "and" stands; one name otherwise.

    What stands behind an "and" must name its place or begin as the first does: 和平街道 is one name.
    """
    parts = name.split()
    if len(parts) == 2 and all(full_name(p) or _ZONE_END.search(p) for p in parts) and all(len(p) >= 4 for p in parts):
        return parts
    whole = "".join(parts) if parts and not name.isascii() else name
    for between in (*_COMMA.finditer(whole), *_AND.finditer(whole)):
        first, second = whole[: between.start()], whole[between.end() :]
        if not all(len(part) >= 3 and _ORGAN_END.search(without_other_names(part)) for part in (first, second)):
            continue
        begins_anew = leading_divisions(second) or _BEGINS_ANEW.match(second) or second[:2] == first[:2]
        if _COMMA.match(between[0]) or begins_anew:
            place = "" if begins_anew else "".join(leading_divisions(first))
            return [first, place + second]
    return [whole]


_KINDS = [
    (BodyKind.SUBDISTRICT_TOWNSHIP, re.compile(r"街道?办事处$|街道办$|(?:镇|乡|苏木)(?:人民)?政府$|街道$")),
    (BodyKind.FUNCTIONAL_ZONE_COMMITTEE, re.compile(r"(?:区|园|基地|港|城|岛)(?:管委会|管理委员会)$|管委会$")),
    (
        BodyKind.GENERAL_OFFICE,
        re.compile(r"(?:人民政府|政府|公署|管委会|管理委员会|国务院)办公[室厅]$|政府办$|街道党政综合办公室$"),
    ),
    (BodyKind.GOVERNMENT, re.compile(r"(?:人民政府|政府|行政公署|国务院)$")),
    (BodyKind.INSTITUTION, re.compile(r"(?:中心|学校|大学|学院|中学|小学|幼儿园|医院|馆|所|台|公司|集团|银行|站)$")),
    (BodyKind.DEPARTMENT, re.compile(r"(?:局|厅|委员会|委|署|部|处|办公室|办|院|队|海关|会|社|税务|分局)$")),
]


def body_kind(name: str) -> BodyKind | None:
    """The kind of a public body by the end of its full name, None where that is of no kind."""
    own = without_other_names(name)
    return next((kind for kind, pattern in _KINDS if pattern.search(own)), None)


_OF_TOWN = re.compile(
    r"[\u4e00-\u9fff]{2,6}?(?:(?<!城)[镇乡](?![镇村企土])|街道)(?:人民政府)?[\u4e00-\u9fff]{2,}(?:办公室|办|所|站|中心|局|队|委员会)$"
)
"""A bureau of a town: 柳河镇财政所."""
_NATIONAL = re.compile(
    r"^(?:国务院|国家|中华人民共和国|全国|中国|(?:教育|科学技术|工业和信息化|公安|民政|司法|财政|自然资源|生态环境|交通运输|水利|农业农村|商务|文化和旅游|外交|应急管理)部)"
)


def level(name: str, kind: BodyKind | None, where: Division | None, site_id_code: str | None) -> Level | None:
    """The administrative level of a public body, as far as its name, its division and its site show it.

    A SiteIDCode that begins with `bm` is that of a ministry's site (docs/form.md, Dates and publication metadata).
    """
    if kind is BodyKind.SUBDISTRICT_TOWNSHIP or _OF_TOWN.match(name[len("".join(leading_divisions(name))) :]):
        return Level.TOWNSHIP
    if where is not None:
        if where.code.endswith("0000"):
            return Level.PROVINCE
        return Level.PREFECTURE if where.code.endswith("00") else Level.COUNTY
    if (site_id_code or "").lower().startswith("bm") or _NATIONAL.match(name):
        return Level.NATIONAL
    return None
