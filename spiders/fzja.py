from spiders.platforms.trs_fujian import TRSFujian


class Fzja(TRSFujian):
    """福州市晋安区人民政府 — the district's yearly reports."""

    name = "fzja"
    title = "福州市晋安区人民政府"
    home = "http://www.fzja.gov.cn/"
    division_code, division, level = "350111", "晋安区", "county"
    listings = ("http://www.fzja.gov.cn/xjwz/zwgk/zfxxgk/zfxxgknb/",)
