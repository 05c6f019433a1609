"""What answers each address: a handler reads the request, runs the queries of archive/room and fills a template.

`X.py` here shows what `archive/room/X.py` finds, in `templates/room/X.html`. A handler takes Datasette and the request
and returns a response, or None for "no such page". No SQL of more than a line and no HTML belongs here.
"""
