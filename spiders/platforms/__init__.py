"""Portals and their platforms: how listings are walked. How pages are read is no concern here.

A portal is a file of facts in spiders/, on one of the platform classes of this package. A platform says how its
listings are read: `entries(response)` yields what a page of a listing lists, `next_pages(response)` the requests for the
pages after it. Both need nothing but the response and can be tried on a saved listing.
"""
