"""scrapy genspider -t portal NAME URL: a portal's file to fill in."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from scrapy.commands import genspider

import crawler.settings

TEMPLATES = Path(crawler.settings.__file__).with_name("templates") / "spiders"


class Command(genspider.Command):
    """Scrapy's command with the template `portal` beside its own. It never opens the archive."""

    def _find_template(self, template: str) -> Path | None:
        """A template of this project, or else one of Scrapy's."""
        own = TEMPLATES / f"{template}.tmpl"
        return own if own.is_file() else super()._find_template(template)

    def _list_templates(self) -> None:
        super()._list_templates()
        print("\n".join(f"  {file.stem}" for file in sorted(TEMPLATES.glob("*.tmpl"))))

    def _generate_template_variables(self, module: str, name: str, url: str, template_name: str) -> dict[str, Any]:
        """Scrapy's, and what a portal's file needs besides."""
        parts = urlsplit(url)
        return super()._generate_template_variables(module, name, url, template_name) | {
            "portal_class": name.title().replace("_", "").replace("-", ""),
            "home": f"{parts.scheme}://{parts.netloc}/",
        }
