"""What a Word document's styles and lists add to its text: what they hide, and the numbers of numbered paragraphs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from pipelines.documents.packages import Package
from pipelines.numerals import written

_OFF = frozenset(("0", "false", "off", "none"))
_DEEPEST_STYLE = 20
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_BRANCHES = "子丑寅卯辰巳午未申酉戌亥"
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l"), (40, "xl")),
    *((10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
_LARGEST_NUMBER = 9_999


@lru_cache(maxsize=1024)
def name_of(tag: Any) -> str:
    """An element's or attribute's name without its namespace; empty for comments, whose tag is a function."""
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def attribute(element: Any, wanted: str = "val") -> str | None:
    """An attribute by its name without its namespace."""
    for name, value in element.items():  # a loop: every run of a document has several
        if name_of(name) == wanted:
            return str(value)
    return None


def child(element: Any, *path: str) -> Any:
    """The element under these names, one in another; None where there is none."""
    for wanted in path:
        element = next(element.iterchildren("{*}" + wanted), None) if element is not None else None
    return element


def is_on(element: Any, wanted: str) -> bool | None:
    """What a property says that is on or off; None where it is not said."""
    found = child(element, wanted) if element is not None else None
    return None if found is None else attribute(found) not in _OFF


def _value(element: Any, *path: str) -> str | None:
    found = child(element, *path)
    return attribute(found) if found is not None else None


def _number(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 6 else 0


@dataclass(slots=True)
class _Style:
    hides: bool | None
    numbering: Any
    based_on: str | None


class Styles:
    """The styles of a document, as far as they decide what is shown."""

    def __init__(self, package: Package, folder: str) -> None:
        """Raises DocumentError for a part that is damaged."""
        self._styles: dict[str, _Style] = {}
        self._hides_all = self._hides_any = False
        self.default_paragraph: str | None = None
        root = _part(package, f"{folder}styles.xml")
        if root is None:
            return
        for element in root:
            if name_of(element.tag) == "docDefaults":
                self._hides_all = bool(is_on(child(element, "rPrDefault", "rPr"), "vanish"))
            elif name_of(element.tag) == "style" and (key := attribute(element, "styleId")):
                of = {name_of(one.tag): one for one in element}
                based_on = attribute(of["basedOn"]) if "basedOn" in of else None
                numbering = child(of.get("pPr"), "numPr")
                self._styles[key] = _Style(is_on(of.get("rPr"), "vanish"), numbering, based_on)
                if attribute(element, "type") == "paragraph" and attribute(element, "default") not in {None, *_OFF}:
                    self.default_paragraph = key
        self._hides_any = self._hides_all or any(style.hides for style in self._styles.values())

    def _chain(self, key: str | None) -> Iterator[_Style]:
        for _ in range(_DEEPEST_STYLE):
            style = self._styles.get(key) if key else None
            if style is None:
                return
            yield style
            key = style.based_on

    def _hides(self, key: str | None) -> bool:
        return next((style.hides for style in self._chain(key) if style.hides is not None), False)

    def hide(self, paragraph_style: str | None, run: Any) -> bool:
        """Whether a run with these properties is hidden: itself says so, or its styles do, which undo one another."""
        said = is_on(run, "vanish")
        if said is not None or not self._hides_any:
            return bool(said)
        run_style = _value(run, "rStyle") if run is not None else None
        by_paragraph = self._hides(paragraph_style or self.default_paragraph)
        return self._hides_all or by_paragraph != self._hides(run_style)

    def numbering_of(self, paragraph_style: str | None) -> Any:
        """The list that a paragraph's style puts it into, or None."""
        return next((style.numbering for style in self._chain(paragraph_style) if style.numbering is not None), None)


@dataclass(slots=True)
class _Level:
    start: int = 1
    format: str = "decimal"
    text: str = ""


@dataclass(slots=True)
class _List:
    key: str
    levels: dict[int, _Level]
    restarts: dict[int, int] = field(default_factory=dict)
    """Level → the number with which this list begins anew where it first comes."""
    has_begun: bool = False


class Numbering:
    """The lists of a document: `label` gives the number that Word prints before a paragraph, and counts on."""

    def __init__(self, package: Package, folder: str) -> None:
        """Raises DocumentError for a part that is damaged."""
        self._lists: dict[str, _List] = {}
        self._counts: dict[str, dict[int, int]] = {}
        root = _part(package, f"{folder}numbering.xml")
        if root is None:
            return
        shared = {
            attribute(one, "abstractNumId") or "": {
                _number(attribute(level, "ilvl")): _level(level) for level in one if name_of(level.tag) == "lvl"
            }
            for one in root
            if name_of(one.tag) == "abstractNum"
        }
        for one in root:
            if name_of(one.tag) == "num":
                key = _value(one, "abstractNumId") or ""
                found = _List(key, dict(shared.get(key, {})))
                for change in one:
                    if name_of(change.tag) == "lvlOverride":
                        _override(found, change)
                self._lists[attribute(one, "numId") or ""] = found

    def __bool__(self) -> bool:
        """Whether the document has lists."""
        return bool(self._lists)

    def label(self, properties: Any) -> str:
        """The number of a paragraph with these list properties (numPr), as printed; empty for bullets and none."""
        if properties is None or not self._lists:
            return ""
        one = self._lists.get(_value(properties, "numId") or "")
        depth = _number(_value(properties, "ilvl"))
        level = one.levels.get(depth) if one else None
        if one is None or level is None:
            return ""
        counts = self._counts.setdefault(one.key, {})
        if not one.has_begun:
            one.has_begun = True
            counts |= {at: start - 1 for at, start in one.restarts.items()}
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [at for at in counts if at > depth]:
            del counts[deeper]
        if level.format in ("bullet", "none"):
            return ""
        text = level.text
        for at in range(depth + 1):
            if f"%{at + 1}" in text:
                of_level = one.levels.get(at, _Level())
                text = text.replace(f"%{at + 1}", _printed(counts.setdefault(at, of_level.start), of_level.format))
        return text


def _level(element: Any) -> _Level:
    start = _value(element, "start")
    return _Level(
        _number(start) if start else 1, _value(element, "numFmt") or "decimal", _value(element, "lvlText") or ""
    )


def _override(one: _List, change: Any) -> None:
    depth = _number(attribute(change, "ilvl"))
    if (start := _value(change, "startOverride")) is not None:
        one.restarts[depth] = _number(start)
    if (level := child(change, "lvl")) is not None:
        one.levels[depth] = _level(level)


def _printed(number: int, form: str) -> str:
    """A number as a list prints it; in the digits of 1, 2, 3 where the way is not known."""
    if not 0 < number <= _LARGEST_NUMBER:
        return str(number)
    if form in ("chineseCounting", "chineseCountingThousand", "japaneseCounting", "taiwaneseCounting"):
        return written(number)
    if form in ("lowerLetter", "upperLetter"):
        letters = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
        return letters if form == "lowerLetter" else letters.upper()
    if form in ("lowerRoman", "upperRoman"):
        roman = ""
        for value, digits in _ROMAN:
            roman, number = roman + digits * (number // value), number % value
        return roman if form == "lowerRoman" else roman.upper()
    if form in ("decimalEnclosedCircle", "decimalEnclosedCircleChinese") and number <= 20:
        return chr(0x2460 + number - 1)
    if form == "ideographTraditional":
        return _STEMS[(number - 1) % 10]
    if form == "ideographZodiac":
        return _BRANCHES[(number - 1) % 12]
    return f"{number:02}" if form == "decimalZero" else str(number)


def _part(package: Package, name: str) -> Any:
    return package.xml(name) if name in package.names() else None
