from spiders.platforms.nfcms import NFCMS


class GZ(NFCMS):
    """广州市人民政府 — the city's column of its districts' reports."""

    name = "gz"
    title = "广州市人民政府门户网站"
    home = "https://www.gz.gov.cn/"
    division_code, division, level = "440100", "广州市", "prefecture"
    listings = ("https://www.gz.gov.cn/zfjgzy/gzsrmzfbgt/zfxxgknb/gq/index.html",)
