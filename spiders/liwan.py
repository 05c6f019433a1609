from spiders.platforms.nfcms import NFCMS


class Liwan(NFCMS):
    """广州市荔湾区人民政府 — the column of 南源街道."""

    name = "liwan"
    title = "广州市荔湾区人民政府"
    home = "http://www.lw.gov.cn/"
    division_code, division, level = "440103", "荔湾区", "county"
    listings = ("http://www.lw.gov.cn/zwgkk/qmtjjczwgkbzhgfhgz/gjd/nyj/index.html",)
