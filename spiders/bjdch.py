from spiders.platforms.beijing import BeijingDistrict


class Bjdch(BeijingDistrict):
    """北京市东城区人民政府 — its subdistricts' reports of 2021; columns of other years are those that this one links."""

    name = "bjdch"
    title = "北京市东城区人民政府"
    home = "http://www.bjdch.gov.cn/"
    division_code, division, level = "110101", "东城区", "county"
    listings = ("http://www.bjdch.gov.cn/zfxxgkzl/zfxxgknb/2021nb/dcqjd2021/",)
