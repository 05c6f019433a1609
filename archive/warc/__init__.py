"""WARC and WACZ: other archives' captures coming in, our own going out.

`container` undoes the compression of a file, `content_encoding` that of a body; `reader` turns records into captures.
`cdx` reads the indexes of other archives.
`writer` writes captures as WARC 1.1, `wacz` packs one with its index, `export_file` puts either in place.

May import `archive` alone. What an import does with the captures is in `pipelines.ingest.importing`.
"""
