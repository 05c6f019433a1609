import re

from spiders.platforms.links import Links


class Gaoling(Links):
    """西安市高陵区人民政府 — the departments' column; an article's address is a hexadecimal id."""

    name = "gaoling"
    title = "西安市高陵区人民政府"
    home = "http://www.gaoling.gov.cn/"
    division_code, division, level = "610117", "高陵区", "county"
    listings = ("http://www.gaoling.gov.cn/zwgk/zfxxgknb/jbbmnb/",)
    # Links
    document = re.compile(r"/(?P<key>[0-9a-f]{24})\.html$")
