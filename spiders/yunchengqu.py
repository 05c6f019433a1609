from spiders.platforms.nfcms import NFCMS


class Yunchengqu(NFCMS):
    """云浮市云城区人民政府 — the column of all work reports, those of the government among them."""

    name = "yunchengqu"
    title = "云浮市云城区人民政府门户网站"
    home = "http://www.yfyunchengqu.gov.cn/"
    division_code, division, level = "445302", "云城区", "county"
    listings = ("http://www.yfyunchengqu.gov.cn/ycqrmzf/jcxxgk/gzbg/index.html",)
