from spiders.platforms.trs_fujian import TRSFujian


class Huli(TRSFujian):
    """厦门市湖里区人民政府 — the district's yearly reports."""

    name = "huli"
    title = "厦门市湖里区人民政府"
    home = "http://www.huli.gov.cn/"
    division_code, division, level = "350206", "湖里区", "county"
    listings = ("http://www.huli.gov.cn/zwgk/zfxxgkzl/zfxxyjxndbg/",)
