from spiders.platforms.hanweb import Hanweb


class Baiyin(Hanweb):
    """白银市人民政府 — one bureau's column; articles are known by a UUID, and the year in a path is no report year."""

    name = "baiyin"
    title = "白银市人民政府"
    home = "http://www.baiyin.gov.cn/"
    division_code, division, level = "620400", "白银市", "prefecture"
    listings = ("http://www.baiyin.gov.cn/sjyj/zfxxgknb/",)
