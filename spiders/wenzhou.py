from spiders.platforms.hanweb import Hanweb


class Wenzhou(Hanweb):
    """温州市人民政府 — the module of annual reports, one page per year."""

    name = "wenzhou"
    title = "温州市人民政府"
    home = "https://www.wenzhou.gov.cn/"
    division_code, division, level = "330300", "温州市", "prefecture"
    listings = ("https://www.wenzhou.gov.cn/module/xxgk/xxgkAnnualReport.jsp?area=001008003015001&fbtime=2024",)
