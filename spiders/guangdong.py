from spiders.platforms.gkmlpt import Gkmlpt


class Guangdong(Gkmlpt):
    """广东省人民政府 — the disclosure catalogue of the province; the site resets connections without a browser's name."""

    name = "guangdong"
    title = "广东省人民政府"
    home = "https://www.gd.gov.cn/"
    division_code, division, level = "440000", "广东省", "province"
    listings = ("https://www.gd.gov.cn/gkmlpt/index",)
