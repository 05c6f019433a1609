import re

from spiders.platforms.trs import TRS


class Beijing(TRS):
    """首都之窗 — the city's columns of its districts' reports, one per year."""

    name = "beijing"
    title = "首都之窗_北京市人民政府门户网站"
    home = "http://www.beijing.gov.cn/"
    division_code, division, level = "110000", "北京市", "province"
    listings = ("http://www.beijing.gov.cn/gongkai/zfxxgk/zfxxgknb/2019nb/qzf/index.html",)
    menus = ("http://www.beijing.gov.cn/gongkai/zfxxgk/zfxxgknb/",)
    menu = re.compile(r"/zfxxgknb/\d{4}nb/(?:index\.html)?$")
    column = re.compile(r"/zfxxgknb/\d{4}nb/qzf/(?:index\.html)?$")
