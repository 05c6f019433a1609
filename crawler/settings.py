"""Every setting that differs from Scrapy's default, each with its reason."""

import os

BOT_NAME = "tongjian"
SPIDER_MODULES = ["spiders"]
NEWSPIDER_MODULE = "spiders"
# A file that does not import is named; Scrapy's own loader would drop all the others with it.
SPIDER_LOADER_CLASS = "crawler.spider_loader.Loader"
COMMANDS_MODULE = "crawler.commands"

# Where the two databases are, and whom a portal's administrator can write to.
ARCHIVE = os.environ.get("ARCHIVE", "archive")
CONTACT = os.environ.get("CONTACT", "")

# A table of portals beside the project's own. Empty: portals.csv in ARCHIVE, if there is one.
PORTALS = os.environ.get("PORTALS", "")

# Where the bodies of documents and pictures are kept: a folder, counted from ARCHIVE, or an address such as s3://bucket/folder
# (with the extra s3). Empty: in captures.db, as those of pages always are.
BODIES = os.environ.get("BODIES", "")

# MiB that must be free for the archive: a crawl with less does not begin, or ends. One answer has 64 at most.
MIN_FREE = int(os.environ.get("MIN_FREE", "16"))

# An honest name; a portal that objects knows who it is and can reach a person.
USER_AGENT = (
    f"Tongjian/0.2 (archive of annual reports on open government information{'; ' + CONTACT if CONTACT else ''})"
)

# Politeness. One request at a time, two seconds apart, slower where the portal answers slowly. A request that waits
# inside the downloader could not be called back when its host begins to refuse, so none waits there.
ROBOTSTXT_OBEY = True
CONCURRENT_REQUESTS = 1
CONCURRENT_REQUESTS_PER_DOMAIN = 1
DOWNLOAD_DELAY = 2.0
# The delay is a promise; half of it now and then would break it.
DOWNLOAD_DELAY_JITTER = 0.0
AUTOTHROTTLE_ENABLED = True
AUTOTHROTTLE_START_DELAY = 2.0
AUTOTHROTTLE_MAX_DELAY = 60.0

# Seconds. A host that asks for a longer pause (Crawl-delay, Retry-After) is left alone for the rest of the run.
LONGEST_PAUSE = 300.0
# Seconds after which a crawl on a cluster ends that does not hear the scheduler: others may ask its host from then on.
CLUSTER_LEASE = 30.0
# Local time, as 22:00-06:00; outside it a crawl does not begin, or ends. Empty: at any time.
CRAWL_WINDOW = os.environ.get("CRAWL_WINDOW", "")
# Requests after which a run ends; the next run continues from there. 0: no limit.
REQUESTS_PER_RUN = 0

# What captured pages are shown with, fetched when all else is done: `none`; `article`, their stylesheets and the pictures
# of the article; or `page`, all of their pictures too. At most so many addresses and bytes in a run.
ASSETS = os.environ.get("ASSETS", "article")
ASSETS_PER_RUN = 200
ASSETS_BYTES_PER_RUN = 32 * 1024 * 1024

# Refusals in a row after which a host is left alone for the rest of the run. Some portals refuse single addresses and
# answer all others; a host that means it refuses the next ones too.
REFUSALS_BEFORE_LEAVING = 3
# Addresses in a row that fail (429, 5xx, no answer) after which a host is left alone, too. From the fourth on,
# none is tried again.
FAILURES_BEFORE_LEAVING = 5

# Slow portals do answer; 30 s is longer than any page waited for so far, and three tries are enough.
DOWNLOAD_TIMEOUT = 30
RETRY_TIMES = 2
# What fails for good becomes a problem in the archive; thousands of portals would fill the screen with lines besides.
RETRY_GIVE_UP_LOG_LEVEL = "INFO"
# Reports are pages and documents: 64 MiB is far above the largest, far below what hurts.
DOWNLOAD_MAXSIZE = 64 * 1024 * 1024
DOWNLOAD_WARNSIZE = 16 * 1024 * 1024
# A body cut short is kept as such and asked for again by the capture; Scrapy would throw it away.
DOWNLOAD_FAIL_ON_DATALOSS = False

# Cookies would make the same address give different pages, and reading them needs a list from the network. A host that
# answers nothing without its cookie is sent it back by crawler.middlewares.hosts.
COOKIES_ENABLED = False
# A stored body has to be decodable by this project alone: no br, no zstd.
DEFAULT_REQUEST_HEADERS = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5",
    "Accept-Encoding": "gzip, deflate",
}
# Which page links where is no concern of the portals.
REFERRER_POLICY = "no-referrer"

# -s OFFLINE=1: the crawl is answered from the captures, no request is sent.
OFFLINE = False

# Ends without noise where many crawls share a reactor. The second one notes how each connection was, and accepts TLS of
# long ago from portals that declare `legacy_tls`.
DOWNLOAD_HANDLERS = {"http": "crawler.downloads.Handler", "https": "crawler.tls.NotingHandler"}

DOWNLOADER_MIDDLEWARES = {
    # The capture knows more about refresh shells: a refresh to a folder above is a removed page.
    "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
    "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
    "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
    "crawler.middlewares.redirects.Redirects": 600,
    "crawler.middlewares.safety.DeclaredHosts": 50,
    "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
    "crawler.middlewares.safety.Proxies": 750,
    "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
    "crawler.middlewares.politeness.Robots": 100,
    "crawler.middlewares.politeness.Limits": 890,
    # Decoding goes below the capture, so that decoded bodies are kept.
    "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
    "crawler.middlewares.capture.CaptureMiddleware": 900,
    "crawler.middlewares.decoding.DecodeMiddleware": 950,
}
# What no crawl here uses, and every request and item would pass: depths, and a look at copied meta.
SPIDER_MIDDLEWARES = {
    "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
    "scrapy.spidermiddlewares.metacopy.MetaCopyDetectionMiddleware": None,
}
# Scrapy drops duplicates and long addresses without a word. Only pages of listings are asked for twice by their readers;
# how long an address may be is decided in crawler.middlewares.safety, which says so.
DUPEFILTER_CLASS = "crawler.middlewares.redirects.ListingDuplicates"
URLLENGTH_LIMIT = 0
# Responses are kept in ARCHIVE where the spider is a portal or the probe; scrapy shell, fetch, parse, view and check
# set it off.
ARCHIVING = True

EXTENSIONS = {
    "crawler.extensions.runs.Runs": 0,
    "crawler.extensions.pace.Pace": 500,  # after AutoThrottle, so that it has the last word
}
# Both listen on a port for Python to execute; nobody uses them.
TELNETCONSOLE_ENABLED = False
REMOTE_CONTROL_ENABLED = False

ITEM_PIPELINES = {"crawler.pipelines.Attachments": 250, "crawler.pipelines.Store": 900}
# Scrapy would look through a callback's source for a returned value at every response: 1.0 to 1.5 ms a page.
WARN_ON_GENERATOR_RETURN_VALUE = False

# scrapy crawl PORTAL -O reports.jsonl: of each report one flat object, in every format.
FEED_EXPORTERS = {
    "jsonlines": "crawler.feeds.JsonLines",
    "jsonl": "crawler.feeds.JsonLines",
    "jl": "crawler.feeds.JsonLines",
    "json": "crawler.feeds.Json",
    "csv": "crawler.feeds.Csv",
    "xml": "crawler.feeds.Xml",
    "marshal": "crawler.feeds.Marshal",
    "pickle": "crawler.feeds.Pickle",
}
FEED_EXPORT_ENCODING = "utf-8"

# Pages are read one after another in the reactor; more items in flight would only hold memory.
CONCURRENT_ITEMS = 4
LOG_LEVEL = "INFO"
# Items hold whole pages.
LOGSTATS_INTERVAL = 60.0
