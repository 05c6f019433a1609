import re

from spiders.platforms.gkmlpt import Gkmlpt


class Panyu(Gkmlpt):
    """广州市番禺区人民政府 — its departments' column and the disclosure catalogue of the same site."""

    name = "panyu"
    title = "广州市番禺区人民政府门户网站"
    home = "http://www.panyu.gov.cn/"
    division_code, division, level = "440113", "番禺区", "county"
    listings = (
        "http://www.panyu.gov.cn/zwgk/zfxxgk/zfxxgknb/bm/2019n/index.html",
        "http://www.panyu.gov.cn/gkmlpt/index",
    )
    # one column per year, named without a rule: 2019n, mb2021
    menus = ("http://www.panyu.gov.cn/zwgk/zfxxgk/zfxxgknb/bm/index.html",)
    column = re.compile(r"/zwgk/zfxxgk/zfxxgknb/bm/[^/]+/(?:index\.html)?$")
