from spiders.platforms.gkmlpt import Gkmlpt


class Yunfu(Gkmlpt):
    """云浮市人民政府 — the disclosure catalogue of the city."""

    name = "yunfu"
    title = "云浮市人民政府"
    home = "https://www.yunfu.gov.cn/"
    division_code, division, level = "445300", "云浮市", "prefecture"
    listings = ("https://www.yunfu.gov.cn/gkmlpt/index",)
