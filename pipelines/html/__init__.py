"""Web pages: from bytes to the article, its paragraphs, its documents and pictures, and what stands around it.

In the order of reading: `parsing` (bytes → `ParsedPage`), `article_element` (which element holds the article, by what
`boxes` says of classes and ids), `paragraphs` (element → text), `trimming` (which of them are buttons and the like),
`links` (attached documents and pictures), `article` (all of it, as an `Article`). What a portal's system calls its
containers belongs in `boxes`.

Imports `archive`, `pipelines.blanks` and `pipelines.errors`, and knows nothing of reports: what a page says about its
report is read in `pipelines.metadata`, its tables in `pipelines.tables`.
"""
