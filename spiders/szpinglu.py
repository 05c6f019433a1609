from spiders.platforms.trs import TRS


class Szpinglu(TRS):
    """朔州市平鲁区人民政府 — reports of a year are published before it ends."""

    name = "szpinglu"
    title = "朔州市平鲁区人民政府"
    home = "http://www.szpinglu.gov.cn/"
    division_code, division, level = "140603", "平鲁区", "county"
    listings = ("http://www.szpinglu.gov.cn/xxgk/plzfxxgk/zfxxgknb/",)
