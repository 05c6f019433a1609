"""How Scrapy finds the spiders: every file in SPIDER_MODULES that imports; of one that does not, its name and why.

A module with a function `load(settings)` makes its spiders itself. Scrapy's own loader finds those, too: of the settings
that the environment gives, without those of the command line.
"""

from __future__ import annotations

import pkgutil
import sys
import traceback
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from scrapy.settings import BaseSettings
from scrapy.spiderloader import SpiderLoader, get_spider_loader


class Loader(SpiderLoader):
    """The setting SPIDER_LOADER_CLASS. Scrapy's own loader gives up a whole package at the first file that fails."""

    def __init__(self, settings: BaseSettings) -> None:
        """Finds them all; what is wrong is said on standard error."""
        self._settings = settings
        super().__init__(settings)

    def _load_all_spiders(self) -> None:
        self.broken: dict[str, str] = {}
        """File, or file and line → why there is no spider."""
        for package in self.spider_modules:
            for name, file in _modules(package):
                try:
                    module = import_module(name)
                except Exception as error:  # noqa: BLE001 - any statement of a spider file may raise anything
                    self.broken[file] = _reason(error, file)
                else:
                    if make := getattr(module, "load", None):
                        self.broken |= make(self._settings)
                    self._load_spiders(module)
        for place, reason in self.broken.items():
            _warn(f"{place}: {reason}; the other spiders are not affected")
        self._check_name_duplicates()


def broken_files(settings: BaseSettings) -> dict[str, str]:
    """File, or file and line → why there is no spider: what cannot be crawled until somebody corrects it."""
    loader = get_spider_loader(settings)
    return loader.broken if isinstance(loader, Loader) else {}


def _modules(package: str) -> Iterator[tuple[str, str]]:
    """Name and file of a module and of all modules below it. Raises ImportError when there is no such module."""
    spec = find_spec(package)
    if spec is None:
        raise ImportError(f"SPIDER_MODULES names {package!r}, which does not exist")
    yield package, _relative(spec.origin or package)
    for module in pkgutil.iter_modules(spec.submodule_search_locations or ()):
        yield from _modules(f"{package}.{module.name}")


def _relative(file: str) -> str:
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _reason(error: Exception, file: str) -> str:
    """The error in a line, with the line of the file that raised it."""
    own = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if _relative(frame.filename) == file]
    line = error.lineno if isinstance(error, SyntaxError) else next(reversed(own), None)
    message = error.msg if isinstance(error, SyntaxError) else " ".join(str(error).split())
    return f"does not import ({type(error).__name__}{f' in line {line}' if line else ''}: {message})"


@cache
def _warn(line: str) -> None:
    """Once a process: commands load the spiders more than once."""
    print(f"scrapy: {line}", file=sys.stderr)
