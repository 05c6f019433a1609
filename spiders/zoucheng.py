from spiders.platforms.hanweb import Hanweb


class Zoucheng(Hanweb):
    """邹城市人民政府 — the module of annual reports, one page per year."""

    name = "zoucheng"
    title = "邹城市人民政府"
    home = "http://www.zoucheng.gov.cn/"
    division_code, division, level = "370883", "邹城市", "county"
    listings = ("http://www.zoucheng.gov.cn/module/xxgk/xxgkAnnualReport.jsp?area=11370883004326403Q&fbtime=2024",)
