"""Draw the pictures again. Needs a Chromium and a font with Han characters; what is kept needs neither."""

from __future__ import annotations

import io
import shutil

from PIL import Image
from playwright.sync_api import sync_playwright

from crawler.demo.markup import plain_table
from tests.pictures import FOLDER, REPORTS

STYLE = """<meta charset="utf-8"><style>body { margin: 8px; font: 13px sans-serif } table { border-collapse: collapse; width: 660px }
td { border: 1px solid #000; padding: 3px 2px; text-align: center }</style>"""


def main() -> None:
    """Every table of every report, as a screen shows it."""
    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = started.new_page(viewport={"width": 700, "height": 900})
        for name, report in REPORTS.items():
            grids = [block.grid for block in report.blocks() if block.grid is not None]
            for number, grid in enumerate(grids, 2):
                page.set_content(STYLE + plain_table(grid))
                shot = Image.open(io.BytesIO(page.screenshot(full_page=True)))
                shot.convert("L").quantize(16).save(FOLDER / f"{name}.{number}.png", optimize=True)
        started.close()


if __name__ == "__main__":
    main()
