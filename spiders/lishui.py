from spiders.platforms.hanweb import Hanweb


class Lishui(Hanweb):
    """丽水市人民政府 — the module of annual reports, one page per year."""

    name = "lishui"
    title = "丽水市人民政府"
    home = "http://www.lishui.gov.cn/"
    division_code, division, level = "331100", "丽水市", "prefecture"
    listings = ("http://www.lishui.gov.cn/module/xxgk/xxgkAnnualReport.jsp?fbtime=2017&area=113325000026455663",)
