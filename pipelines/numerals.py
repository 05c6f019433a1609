"""Chinese numerals → whole numbers: 三, 十二, 一百零五, 二〇, 三千二百一十, and years such as 二〇二一."""

from __future__ import annotations

DIGITS = {**{c: i for i, c in enumerate("零一二三四五六七八九")}, "〇": 0, "○": 0, "两": 2}
UNITS = {"十": 10, "百": 100, "千": 1_000, "万": 10_000}


_POSITIONAL = str.maketrans({**{c: str(digit) for c, digit in DIGITS.items()}, **dict.fromkeys("ＯOoО", "0")})
"""With the letters that people type for 〇: full-width, Latin and Cyrillic."""


def positional(numeral: str) -> int:
    """The number whose digits a numeral names one by one, as years are written.

    >>> positional("二〇二一"), positional("二O一九"), positional("二三")
    (2021, 2019, 23)
    """
    return int(numeral.translate(_POSITIONAL))


def number(numeral: str) -> int | None:
    """The number that a numeral writes out; None for what is no number or is not written in full.

    二三 is two or three and 一百五 may be 105 or 150: neither is read.

    >>> number("一百零五"), number("二十"), number("二〇"), number("二三"), number("一百五")
    (105, 20, 20, None, None)
    """
    if len(numeral) > 1 and all(c in DIGITS for c in numeral):
        return positional(numeral) if "〇" in numeral or "○" in numeral else None
    value = _value(numeral)
    return value if value is not None and written(value) == _plain(numeral) else None


def _value(numeral: str) -> int | None:
    total = part = 0
    digit: int | None = None
    for character in numeral:
        if character in DIGITS:
            digit = DIGITS[character]
        elif character == "万":
            total, part, digit = (part + (digit or 0)) * 10_000, 0, None
        elif character in UNITS:
            part += UNITS[character] * (1 if digit is None else digit)
            digit = None
        else:
            return None
    return total + part + (digit or 0)


def _plain(numeral: str) -> str:
    plain = numeral.replace("两", "二").replace("〇", "零").replace("○", "零")
    return plain.removeprefix("一") if plain.startswith("一十") else plain


def written(value: int) -> str:
    """The number as it is written in full; the way back is the proof that it was.

    >>> written(12), written(105)
    ('十二', '一百零五')
    """
    if value >= 10_000:
        high, low = divmod(value, 10_000)
        rest = ("零" if low < 1_000 else "") + _written_out(low) if low else ""
        return written(high) + "万" + rest
    text = _written_out(value) or "零"
    return text.removeprefix("一") if text.startswith("一十") else text


def _written_out(value: int) -> str:
    text, skipped = "", False
    for unit, name in ((1_000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, value = divmod(value, unit)
        if digit:
            text += ("零" if skipped and text else "") + "零一二三四五六七八九"[digit] + name
            skipped = False
        else:
            skipped = True
    return text
