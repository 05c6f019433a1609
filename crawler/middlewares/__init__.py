"""Downloader middlewares, which every request and response passes, from the engine to the network:

| module | does |
|---|---|
| safety | refuses addresses that the portal does not declare |
| politeness | obeys robots.txt, and the hours and number of requests that the user allows |
| redirects | follows redirects so that no request is dropped |
| capture | keeps every answer, answers offline crawls, and stops what is not a document |
| decoding | undoes content encodings, and says what is missing of a body |
| hosts | counts how hosts answer: which are left alone, which want a cookie back |
| unusable | the exception that stops a request and names its problem |

Their order is in `crawler.settings`. They share the run's archive through `crawler.extensions.runs`; what an answer means
is decided in `pipelines.outcomes`.
"""
