from spiders.platforms.trs import TRS


class Jschangchun(TRS):
    """长春市退役军人事务局 — its column; the prose of 2023 contradicts the table."""

    name = "jschangchun"
    title = "长春市退役军人事务局"
    home = "http://js.changchun.gov.cn/"
    division_code, division, level = "220100", "长春市", "prefecture"
    listings = ("http://js.changchun.gov.cn/zcbm/styjrswj/ndbg/",)
