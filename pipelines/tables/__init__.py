"""Tables of a report: from grids of cells, or from text that lost them, to rows known by the form.

`grid` expands an HTML table; readers of documents make the same Grid of theirs. `national` finds tables two, three and
four in grids (a module each: `two`, `three`, `four`), `annex` table one, and `flattened` all of them in running text,
with `digit_runs` where even the borders of cells are lost. What they give is a `report_table.ReportTable` of printed
texts; `cell_value` says what such a text means.

May import archive.forms and archive.vocabulary, and nothing else of ours. Rules: docs/form.md, Tables by form, Annexes
before 2019, Cells and blanks. Next: `pipelines.statistics` turns these tables into statistics.
"""
