from spiders.platforms.trs_fujian import TRSFujian


class Pingtan(TRSFujian):
    """福建省平潭综合实验区 — reports of the zone and of the county, with letters and other bodies' reports among them."""

    name = "pingtan"
    title = "福建省平潭综合实验区管理委员会"
    home = "https://www.pingtan.gov.cn/"
    division_code, division, level = "350128", "平潭县", "county"
    listings = ("https://www.pingtan.gov.cn/zwgk/zfxxgk/zfxxgknb/",)
