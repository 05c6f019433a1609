import re

from spiders.platforms.links import Links


class Yunan(Links):
    """云浮市云安区人民政府 — a CMS of its own; addresses of articles end in a number, without extension."""

    name = "yunan"
    title = "云浮市云安区人民政府"
    home = "http://xwdx.yunan.gov.cn/"
    division_code, division, level = "445303", "云安区", "county"
    listings = ("http://xwdx.yunan.gov.cn/menhuwangzhan/zfxxgk/qzfxxgk/zfxxgkndbg",)
    # Links
    document = re.compile(r"/(?P<key>\d{10})$")
