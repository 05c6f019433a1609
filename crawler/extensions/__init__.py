"""Scrapy extensions: `runs` opens the archive and records the run, `pace` keeps the pauses, `progress` shows the crawl.

They may import `archive` and Scrapy. Middlewares and spiders find the run with `Runs.of(crawler)`.
"""
