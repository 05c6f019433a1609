import re

from spiders.platforms.links import Links


class Bjchy(Links):
    """北京市朝阳区人民政府 — HTTP only, GB2312; an address holds neither number nor date but a long hexadecimal id."""

    name = "bjchy"
    title = "北京市朝阳区人民政府"
    home = "http://www.bjchy.gov.cn/"
    division_code, division, level = "110105", "朝阳区", "county"
    listings = ("http://www.bjchy.gov.cn/zfxxgk/gknb/",)
    # Links
    document = re.compile(r"/(?P<key>[0-9a-f]{24}(?:[0-9a-f]{8})?)\.html$")
