"""The reading room: the archive as web pages, on Datasette (`scrapy browse`).

It reads reports.db and captures.db and never writes, makes no request, and imports nothing of the project but `archive`.

The path of a request:

1. `plugins/reading_room.py` has the addresses, and what holds for every answer: one address per page and the operator's
   host (`middleware.py`), headers, CSV without formulas, functions for SQL, bodies out of the reach of visitors' SQL.
   Datasette loads `plugins/` and `templates/`
   by their paths, so they are no packages and have no `__init__.py`.
   What is asked of a database itself, visitors' SQL above all, goes on to a process of its own (`sql_process.py`).
2. `pages/` has a handler for each address. `request_parameters.py` reads what the address asks for.
3. `database_access.py` runs a query function on a read-only connection, bounded in time, or from a cache (`cache.py`);
   what takes too long, is damaged, asked wrongly or not there becomes a page that says so (`error_pages.py`).
4. The query functions take a connection and return rows: `holdings.py`, `search.py` (what people type: `search_terms.py`), `report.py`, `versions.py`, `key_figures.py`,
   `questions.py`, `problems.py`, `captured_pages.py`. None of them knows of HTTP.
5. `form_layout.py`, `charts.py`, `citation.py` and `atom_feed.py` turn rows into what is shown.
6. `rendering.py` fills the template of `templates/room/` in the visitor's language, or writes JSON or CSV. Words of the
   archive in both languages are in `vocabulary_bilingual.py` (English for the form's labels in `labels_english.py`); text
   from portals passes through `untrusted_text.py`, a captured page's HTML is cleaned in `captured_pages.py`.

`metadata.yaml` (a description of every column, and units), `descriptions_chinese.yaml` (the same sentences in Chinese) and
`settings.json` are for Datasette's own pages of tables.

Places, bodies, rankings, the country and the map (`places.py`, `bodies.py`, `rankings.py`, `nation.py`, `tile_map.py`)
share the figures that can be asked for (`asked_figures.py`) and how a sum is shown (`sum_rows.py`); what is added up is
decided in `archive/sums.py` alone.

A new page: a query function here, a handler in `pages/`, a template, and its address in the plugin's ROUTES. A new
question: an entry of QUESTIONS in `questions.py`, with title, formula and what it leaves out; words for its columns in
`vocabulary_bilingual.py`. A new figure over years, or a rate that a question shows: KEY_FIGURES in `key_figures.py`.
"""
