from spiders.platforms.trs import TRS


class Hanyang(TRS):
    """武汉市汉阳区人民政府 — the government office's column."""

    name = "hanyang"
    title = "武汉市汉阳区人民政府"
    home = "https://www.hanyang.gov.cn/"
    division_code, division, level = "420105", "汉阳区", "county"
    listings = ("https://www.hanyang.gov.cn/bmxxgk/zfgzjg/qrmzfbgs/zfxxgkndbg/",)
