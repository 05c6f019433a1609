"""Every regular expression of the project, and texts that are made from it to take it as long as they can.

Such a text repeats what one of the pattern's repetitions takes, after what comes before it in the pattern, and ends so
that the whole does not match. A pattern that looks at it more than once from each place takes four times as long for
twice the text, or worse.
"""

from __future__ import annotations

import ast
import importlib
import pkgutil
import re
import signal
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from types import ModuleType
from typing import Any

import archive
import crawler
import pipelines
import spiders

LENGTH = 8_000
"""Characters of a text."""
SHORT = LENGTH // 8
FAST_S = 0.02
"""Seconds of the processor within which a text of LENGTH is read by whatever is linear; what is quadratic takes several times that."""
MOST_S = 0.2
GROWTH = 24.0
"""How much longer a text of LENGTH may take than one of SHORT: eight times as long is linear, 64 times quadratic."""
_ENOUGH = 24
"""Texts tried of one pattern."""
_METHODS = frozenset(("search", "match", "fullmatch", "findall", "finditer", "sub", "subn", "split"))
_CLASSES = {
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_NOT_DIGIT: "a",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_SPACE: "a",
    sre.CATEGORY_WORD: "a",
    sre.CATEGORY_NOT_WORD: " ",
}


class _TooLongError(BaseException):
    pass


def modules() -> Iterator[ModuleType]:
    """Every module of the project that can be imported without its extras."""
    for package in (archive, pipelines, crawler, spiders):
        yield package
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            try:
                yield importlib.import_module(found.name)
            except ImportError:
                continue


@dataclass(slots=True)
class Found:
    """A pattern, and how it is used."""

    pattern: re.Pattern[Any]
    place: str
    """The module and the name there."""
    methods: set[str]
    """Of `search` (or whatever looks from every place of a text), `match` and `fullmatch`."""


def patterns() -> list[Found]:
    """Every compiled pattern that a module holds, in whatever it is held."""
    every = list(modules())
    uses = _uses(every)
    found: dict[re.Pattern[Any], Found] = {}
    for module in every:
        seen: set[int] = set()
        for name, value in vars(module).items():
            for pattern in _within(value, module.__name__, seen, 0):
                used = uses.get((module.__name__ if name.startswith("_") else "", name)) if pattern is value else None
                one = found.setdefault(pattern, Found(pattern, f"{module.__name__}.{name}", set()))
                one.methods |= used or {"search"}
    return list(found.values())


def _uses(every: list[ModuleType]) -> dict[tuple[str, str], set[str]]:
    """(Module, name) → the methods that are called of it; public names without their module, as others import them."""
    uses: dict[tuple[str, str], set[str]] = {}
    for module in every:
        for node in ast.walk(ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
                name = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
                if node.attr in _METHODS:
                    method = node.attr if node.attr in {"match", "fullmatch"} else "search"
                    uses.setdefault((module.__name__ if name.startswith("_") else "", name), set()).add(method)
    return uses


def _within(value: Any, module: str, seen: set[int], depth: int) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
        return
    if depth > 5 or id(value) in seen or isinstance(value, str | bytes | int | float | ModuleType):
        return
    seen.add(id(value))
    parts: Iterable[Any] = ()
    if isinstance(value, dict):
        parts = [*value.keys(), *value.values()]
    elif isinstance(value, list | tuple | set | frozenset):
        parts = value
    elif isinstance(value, type) and value.__module__ == module:
        parts = vars(value).values()
    elif is_dataclass(value) and not isinstance(value, type):
        parts = [getattr(value, field.name, None) for field in fields(value)]
    for part in list(parts):
        yield from _within(part, module, seen, depth + 1)


def hostile_texts(pattern: re.Pattern[Any]) -> list[str]:
    """Texts of about one character that say how to go on: (before, repeated, after) joined to LENGTH by `stretched`."""
    tree = parser.parse(pattern.pattern, pattern.flags & ~re.LOCALE)
    texts: dict[tuple[str, str, str], None] = {}
    whole = _sample(tree)
    for before, repeated in _repetitions(tree, ""):
        for after in ("", "\0", "\n\0"):
            texts[before, repeated, after] = None
            texts["", f"{before}{repeated}", after] = None
            texts["", repeated, after] = None
    for end in range(1, min(len(whole), 12) + 1):
        texts["", whole[:end], "\0"] = None
        texts["", whole[-end:], "\0"] = None
    return list(texts)[:_ENOUGH]  # type: ignore[arg-type]


def stretched(text: tuple[str, str, str], length: int) -> str:
    """A text of so many characters."""
    before, repeated, after = text
    return before + repeated * (length // max(1, len(repeated))) + after


def _sample(tree: Any, *, other: bool = False) -> str:
    """A text that a part of a pattern matches; with `other`, one that takes the second choice wherever there is one."""
    return "".join(_of(op, value, other=other) for op, value in tree)


def _of(op: Any, value: Any, *, other: bool) -> str:
    if op is sre.LITERAL:
        return chr(value)
    if op is sre.NOT_LITERAL:
        return "a" if value != ord("a") else "b"
    if op is sre.ANY:
        return "a"
    if op is sre.IN:
        return _of_class(value)
    if op in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
        low, _, part = value
        return _sample(part, other=other) * max(low, 1)
    if op is sre.SUBPATTERN:
        return _sample(value[-1], other=other)
    if op is sre.ATOMIC_GROUP:
        return _sample(value, other=other)
    if op is sre.BRANCH:
        choices = value[1]
        return _sample(choices[-1 if other else 0], other=other)
    if op is sre.CATEGORY:
        return _CLASSES.get(value, "a")
    return ""


def _of_class(items: list[tuple[Any, Any]]) -> str:
    if items[0][0] is sre.NEGATE:
        taken = {chr(value) for op, value in items[1:] if op is sre.LITERAL}
        return next(character for character in "a 1一-" if character not in taken)
    for op, value in items:
        if op is sre.LITERAL:
            return chr(value)
        if op is sre.RANGE:
            return chr(value[0])
        if op is sre.CATEGORY:
            return _CLASSES.get(value, "a")
    return "a"


def _repetitions(tree: Any, before: str) -> Iterator[tuple[str, str]]:
    """What comes before each repetition of a pattern, and what it repeats."""
    for op, value in tree:
        if op in {sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT}:
            _, high, part = value
            if high > 20:
                for other in (False, True):
                    yield before, _sample(part, other=other) or "a"
                for character in _characters(part):
                    yield before, character
            yield from _repetitions(part, before)
        elif op is sre.SUBPATTERN:
            yield from _repetitions(value[-1], before)
        elif op is sre.ATOMIC_GROUP:
            yield from _repetitions(value, before)
        elif op is sre.BRANCH:
            for choice in value[1]:
                yield from _repetitions(choice, before)
        elif op in {sre.ASSERT, sre.ASSERT_NOT}:
            yield from _repetitions(value[1], before)
        before += _of(op, value, other=False)


def _characters(tree: Any) -> Iterator[str]:
    """Some characters that a class within a repetition takes: of these another part may take the same."""
    for op, value in tree:
        if op is sre.IN or op is sre.ANY:
            for character in " 1a一、<":
                if re.fullmatch(_class_source(op, value), character):
                    yield character


def _class_source(op: Any, value: Any) -> Any:
    if op is sre.ANY:
        return re.compile(".", re.DOTALL)
    state = parser.State()
    tree = parser.SubPattern(state, [(op, value)])
    from re import _compiler  # type: ignore[attr-defined]

    return _compiler.compile(tree)


def worst_text(found: Found) -> tuple[str, str] | None:
    """The method and the text with which a pattern takes more than linear time; None where none of its texts does that."""
    pattern = found.pattern
    is_text = isinstance(pattern.pattern, str)
    source = pattern if is_text else re.compile(pattern.pattern.decode("latin-1"), pattern.flags & ~re.LOCALE)
    for method in sorted(found.methods):

        def work(text: str, method: str = method) -> None:
            given = text if is_text else text.encode("latin-1", "replace")
            if method == "search":
                for _ in pattern.finditer(given):
                    pass
            else:
                getattr(pattern, method)(given)

        for text in hostile_texts(source):
            if _is_slow(work, text):
                return method, "".join(text)
    return None


def _is_slow(work: Callable[[str], object], text: tuple[str, str, str]) -> bool:
    """Whether it takes long, and grows far more than eightfold with a text eight times as long; what is slow once is tried again."""
    taken, short = MOST_S, MOST_S
    for _ in range(3):
        taken = min(taken, seconds(work, stretched(text, LENGTH)))
        if taken <= FAST_S:
            return False
        short = min(short, seconds(work, stretched(text, SHORT)))
        if taken < MOST_S and taken < GROWTH * short:
            return False
    return True


def seconds(work: Callable[[str], object], text: str) -> float:
    """The processor's time that it takes, up to MOST_S."""
    is_over = False

    def end(*_: object) -> None:
        if not is_over:  # it may come late
            raise _TooLongError

    before = signal.signal(signal.SIGVTALRM, end)
    begun = time.process_time()
    try:
        signal.setitimer(signal.ITIMER_VIRTUAL, MOST_S)
        work(text)
        is_over = True
    except _TooLongError:
        return MOST_S
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    return time.process_time() - begun
