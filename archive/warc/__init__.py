"""WARC and WACZ: other people's captures coming in, ours going out."""
