from spiders.platforms.trs_fujian import TRSFujian


class Xiangan(TRSFujian):
    """厦门市翔安区人民政府 — the government office's column."""

    name = "xiangan"
    title = "厦门市翔安区人民政府"
    home = "http://xiangan.gov.cn/"
    division_code, division, level = "350213", "翔安区", "county"
    listings = ("http://xiangan.gov.cn/zfxxgk/qrmzfjgzb/XM06101/gkndbg/",)
