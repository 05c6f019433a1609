"""The Scrapy machine: settings, middlewares, extensions and item pipelines, and crawls in processes of their own.

What belongs here: how a request is sent, kept and paced, and how a run is recorded. What does not: where to look
(`spiders`), how a page is read (`pipelines`), SQL (`archive`). May import `archive` and `pipelines`; `commands`, on the
top floor, may import everything.

A response passes `middlewares.capture`, which keeps it; the spider hands on a reference to it; `crawler.pipelines` has the
attachments fetched and the page read and stored by `pipelines.ingest`. `demo` serves replicas of the platforms.
"""
