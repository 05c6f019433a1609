"""The statistics table annexed to reports before 2019: national, Fujian and Dingxi forms, as labels.json lists them."""

from __future__ import annotations

from collections import Counter

from .figures import Cell, Cells, cases, draw, received, table
from .markup import Grid, Td

FORMS = ("cn-2014-stat", "fj-2009-stat", "fj-2014-stat", "dx-2010-stat")


def counts(body: str, year: int) -> dict[str, int]:
    """The figures of a body's year by row name; parts add up to their totals."""
    random_ = draw("early", body, year)
    new = sum(received(body, year).values())
    answers = Counter(random_.choices(("granted", "partially_granted", "denied", "other"), (30, 8, 5, 6), k=new))
    fax, in_person = random_.randint(0, new // 4), random_.randint(0, new // 2)
    online = random_.randint(0, new - fax - in_person)
    letter = new - fax - in_person - online
    late = random_.randint(0, new // 5)
    elsewhere = random_.randint(0, answers["other"])
    website, gazette = random_.randint(50, 3000), random_.randint(0, 40)
    results = cases(body, year)
    suits = {
        result: results[f"suit_direct_{result}"] + results[f"suit_after_review_{result}"]
        for result in ("maintained", "corrected", "other")
    }
    reviews = {result: results[f"review_{result}"] for result in ("maintained", "corrected", "other")}
    staff, full_time = random_.randint(2, 30), random_.randint(0, 2)
    return {
        "disclosed_total": website + gazette,
        "disclosed_website": website,
        "disclosed_gazette": gazette,
        "applications_received": new,
        "received_in_person": in_person,
        "received_fax": fax,
        "received_online": online,
        "received_letter": letter,
        "received_letter_fax": letter + fax,
        "received_email": 0,
        "received_other": 0,
        "applications_processed": new,
        "processed_on_time": new - late,
        "processed_extended": late,
        "replies_total": new,
        "replied_granted": answers["granted"],
        "replied_partially_granted": answers["partially_granted"],
        "replied_denied": answers["denied"],
        "replied_other": answers["other"],
        "replied_already_disclosed": elsewhere,
        "replied_not_existing": answers["other"] - elsewhere,
        "replied_not_competent": 0,
        "replied_to_be_amended": 0,
        "replied_other_procedure": 0,
        "denied_not_government_information": answers["denied"],
        "reviews_total": sum(reviews.values()),
        **{f"reviews_{result}": count for result, count in reviews.items()},
        "suits_total": sum(suits.values()),
        **{f"suits_{result}": count for result, count in suits.items()},
        "suits_and_complaints": sum(suits.values()),
        "staff_total": staff,
        "staff_full_time": full_time,
        "staff_part_time": staff - full_time,
    }


def cells(form: str, body: str, year: int) -> Cells:
    """The annex as printed: year_value, and cumulative where the form has that column."""
    known = counts(body, year)
    made: Cells = {}
    for row in table(form, 1)["rows"]:
        name, unit = row["name"], row["unit"]
        random_ = draw("annex", body, year, name)
        # a reason for denial that the figures do not know is 0; what is no part of a total is free
        value = known.get(name, 0 if name.startswith("denied_") else random_.randint(0, 12))
        made[name, "year_value"] = Cell(str(value), value, unit=unit)
        if form != "cn-2014-stat":
            total = value * random_.randint(1, 6)
            made[name, "cumulative"] = Cell(str(total), total, unit=unit)
    return made


def grid(form: str, year: int, printed: Cells) -> Grid:
    """The table with its heading; headings of chapters stand above their first row, with nothing beside them."""
    described = table(form, 1)
    heads = {
        "cn-2014-stat": ["统计指标", "单位", "统计数"],
        "fj-2009-stat": ["指标名称", "计量单位", f"{year}年度", "历年累计"],
        "fj-2014-stat": ["指标名称", "计量单位", f"{year}年度", "历年累计"],
        "dx-2010-stat": ["指标名称", "计量单位", "代码", "本期实际", "本年累计"],
    }
    lines = [heads[form]]
    chapters = {group["code"]: group["label"] for group in described["groups"]}
    for row in described["rows"]:
        path = row["code"].split(".")
        opened = (chapters.pop(".".join(path[:depth]), None) for depth in range(1, len(path)))
        lines += [[label, "", ""] for label in opened if label]
        line = [row["label"], row["unit"] or ""] + ([row["code"]] if form == "dx-2010-stat" else [])
        columns = ("year_value", "cumulative")
        lines.append(line + [printed[row["name"], name].raw for name in columns if (row["name"], name) in printed])
    return [[Td(text) for text in line] for line in lines]
