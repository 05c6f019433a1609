from spiders.platforms.trs import TRS


class Erdao(TRS):
    """长春市二道区人民政府 — one office's column on the city's disclosure site."""

    name = "erdao"
    title = "长春市二道区人民政府"
    home = "http://zwgk.changchun.gov.cn/"
    division_code, division, level = "220105", "二道区", "county"
    listings = ("http://zwgk.changchun.gov.cn/ed/qzfzcbm/edqfwzsyglbgs/zfxxgknb/",)
