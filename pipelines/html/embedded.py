"""Articles that a page carries whole without showing them in its markup: a script or a form field holds them.

A browser shows what `document.write` is given, what a script copies out of a hidden field, and what it makes of the
state that the server sent along (`__NUXT__`, `__INITIAL_STATE__`, `window.detail = {…}`, gkmlpt's `_CONFIG`). No script
is run here: a text counts that stands in one piece, as a literal or several that are only added up. Where several may be
the article, none is taken.
"""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from lxml import etree

from archive.json_text import parsed
from pipelines.elements import without_tags
from pipelines.html.parsing import ParsedPage, parse_html

ENOUGH = 200
"""Characters of text from which a literal may be an article."""
_STRING = r"""(?:"(?:[^"\\\n]|\\.)*+"|'(?:[^'\\\n]|\\.)*+'|`(?:[^`\\]|\\.)*+`)"""
_SUM = rf"{_STRING}(?:\s*+\+\s*+{_STRING})*+"
_WRITE = re.compile(rf"document\.write(?:ln)?\s*\(\s*({_SUM})\s*(\)|\+)", re.DOTALL)
_STRINGS = re.compile(_STRING, re.DOTALL)
_SUMS = re.compile(rf"//[^\n]*|/\*.*?(?:\*/|\Z)|({_SUM})(?=(\s*\+)?)", re.DOTALL)
_ADDED = re.compile(rf"(?<![\w.$])([\w.$]{{1,60}}+)\s{{0,9}}\+=\s{{0,9}}({_SUM})\s*[;\n]", re.DOTALL)
_JOINED = re.compile(rf"\[\s*+({_STRING}(?:\s*+,\s*+{_STRING})++)\s*+,?\s*+\]\s*\.\s*join\(", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{200,}+(?:={1,2}\s*)?")
_PERCENT_U = re.compile(r"%u([0-9a-fA-F]{4})")
_CDATA = re.compile(r"<!\[CDATA\[|\]\]>")
_FEWEST_LINES = 4
"""Lines of a plain text from which it may be an article."""
_ESCAPE = re.compile(r"\\(u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|\r?\n|.)", re.DOTALL)
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "b": "", "f": "", "v": "", "0": ""}
_HAN = re.compile(r"[\u4e00-\u9fff]")
_MARKUP = re.compile(r"<(?:p|div|table|br|span|section|h\d|strong|font|td|img|ul|li)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[，。；：]")
_MANY_MARKS = 4
FIELDS = ("textarea", "xmp", "template", "noscript", "input")
"""Tags of elements that may hold a text which is not shown."""
_CLEARLY_LARGER = 2
"""Times that the longest text is as long as the next, where it is the article."""
FILLED_BY_SCRIPT = re.compile(
    r"\.innerHTML|\.html\(|\.append\(|\$\.(?:ajax|get|post|getJSON)\b|\bfetch\(|XMLHttpRequest|axios|document\.write|v-html|createApp|new Vue"
)


def unescaped(literal: str) -> str:
    r"""What is between the quotes of a JavaScript string, as its reader sees it.

    >>> unescaped(r"\u5e74\x20报\/\'1\'")
    "年 报/'1'"
    """
    return _ESCAPE.sub(_character, literal) if "\\" in literal else literal


def _character(match: re.Match[str]) -> str:
    escape = match[1]
    if len(escape) > 1 and escape[0] in "ux":
        code = int(escape.lstrip("ux").strip("{}"), 16)
        return chr(code) if code < 0x110000 and not 0xD800 <= code < 0xE000 else ""
    return "" if escape.strip() == "" and escape != " " else _CONTROLS.get(escape, escape)


def _sum(literals: str) -> str:
    return "".join(unescaped(one[1:-1]) for one in _STRINGS.findall(literals))


def write_out(parsed: ParsedPage) -> None:
    """Put what `document.write` is given as a whole in the place of its script, as a browser does."""
    if "document.write" not in parsed.scripts:
        return
    for script in list(parsed.root.iter("script")):
        source = script.text or ""
        parent = script.getparent()
        if "document.write" not in source or parent is None or parent.tag == "head":
            continue
        calls = _WRITE.findall(source)
        if not calls or any(end == "+" for _, end in calls) or len(calls) != source.count("document.write"):
            continue
        written = "".join(_sum(literals) for literals, _ in calls)
        if _HAN.search(written) and "<script" not in written.lower():
            _replace(script, written)


def _replace(script: Any, written: str) -> None:
    fragment = _fragment(written)
    if fragment is None:
        return
    parent, fragment.tail, fragment.tag = script.getparent(), script.tail, _UNWRAPPED
    parent.replace(script, fragment)
    etree.strip_tags(parent, _UNWRAPPED)


def _fragment(markup: str) -> Any:
    """A piece of markup as a `div`."""
    root = parse_html(f"<div>{markup}</div>")
    return None if root is None else next(iter(root.iter("div")), None)


def embedded_article(parsed: ParsedPage) -> Any:
    """The element of the article that a field or a script carries; None where none does, or several may be it."""
    content = parsed.gkmlpt_detail.get("content")
    if isinstance(content, str) and (len(content) >= _LITTLE_MARKUP or parsed.gkmlpt_detail.get("attachment")):
        return _fragment(content)
    carried = (*_in_fields(parsed.root), *_in_attributes(parsed.root), *_in_scripts(parsed.scripts))
    texts = {_dense(text): text for text in carried}
    ranked = sorted((text for text in texts if len(text) >= ENOUGH), key=len, reverse=True)
    ranked = [one for number, one in enumerate(ranked) if not any(one in longer for longer in ranked[:number])]
    if not ranked or (len(ranked) > 1 and len(ranked[0]) < _CLEARLY_LARGER * len(ranked[1])):
        return None
    return _fragment(texts[ranked[0]])


_LITTLE_MARKUP = 30
_UNWRAPPED = "unwrapped"
"""The tag of an element that is to be removed while what it holds stays."""


def _dense(markup: str) -> str:
    return "".join(without_tags(markup).split())


def _in_fields(root: Any) -> Iterator[str]:
    """Markup in form fields and in scripts that are no scripts."""
    for field in root.iter(*FIELDS, "script"):
        if field.tag == "input":
            text = field.get("value") or "" if field.get("type", "").lower() == "hidden" else ""
        elif field.tag == "script" and not any(kind in field.get("type", "") for kind in ("html", "xml", "template")):
            continue
        else:
            text = field.text or ""
            if len(field):
                text += "".join(etree.tostring(child, encoding="unicode") for child in field)
        if (text := _markup_of(text)) is not None:
            yield text


def _in_attributes(root: Any) -> Iterator[str]:
    """Markup in attributes, as a script or a component reads it: `data-content`, `:detail`."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if len(value) >= ENOUGH and name != "style" and not (element.tag == "input" and name == "value"):
                yield from _strings_of(value)


def _in_scripts(scripts: str) -> Iterator[str]:
    """Markup in the strings of scripts; one to which something else is added is not whole and counts for nothing."""
    has_base64 = "atob(" in scripts or "ase64" in scripts
    if not (has_base64 or _HAN.search(scripts) or any(mark in scripts for mark in ("\\u", "%3C", "%u"))):
        return
    for joined in _JOINED.findall(scripts):
        yield from _strings_of(_sum(joined))
    added: dict[str, list[str]] = {}
    for name, literals in _ADDED.findall(scripts):
        added.setdefault(name, []).append(_sum(literals))
    yield from (text for parts in added.values() if len(parts) > 1 and (text := _markup_of("".join(parts))) is not None)
    before = ""
    end = 0
    for found in _SUMS.finditer(scripts):
        literals, more = found.groups()
        before, end = scripts[end : found.start()].rstrip(), found.end()
        if literals is not None and "${" in literals:
            continue
        if literals is None or len(literals) < ENOUGH or more or before.endswith("+"):
            continue
        text = _sum(literals)
        yield from _strings_of(_from_base64(text) if has_base64 and _BASE64.fullmatch(text) else text)


def _strings_of(text: str) -> Iterator[str]:
    """The markup in a string: the string, or where it is JSON those in it."""
    if text[:1] in "{[":
        try:
            held = parsed(text)
        except ValueError:
            pass
        else:
            yield from (found for one in _leaves(held) if (found := _markup_of(one)) is not None)
            return
    if (found := _markup_of(text)) is not None:
        yield found


def _from_base64(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split())).decode()
    except ValueError:
        return ""


def _leaves(held: Any) -> Iterator[str]:
    stack = [held]
    while stack:
        one = stack.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            stack += one.values()
        elif isinstance(one, list):
            stack += one


def _markup_of(text: str) -> str | None:
    """A text as markup, unescaped where it is escaped as a whole; None where it is no article's."""
    if text.isascii() and ("%3C" in text or "%u" in text):
        text = unquote(_PERCENT_U.sub(lambda found: chr(int(found[1], 16)), text))
    if "<" not in text and "&lt;" in text:
        text = html.unescape(text)
    if "CDATA" in text:
        text = _CDATA.sub("", text)
    if "<" not in text and len(lines := [line for line in text.splitlines() if line.strip()]) >= _FEWEST_LINES:
        text = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    if len(text) < ENOUGH or _MARKUP.search(text) is None or "<body" in text:
        return None
    words = without_tags(text)
    return text if len(_SENTENCE.findall(words)) >= _MANY_MARKS and _HAN.search(words) else None
