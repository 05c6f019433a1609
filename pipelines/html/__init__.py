"""Web pages: bytes to tree, the box that holds the article, its paragraphs and links."""
