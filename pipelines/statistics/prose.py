"""Figures stated in prose: applications, outcomes, reviews and suits, each with the sentence that states it.

A clause is read only when it says whose figure it is. Figures of other years, of parts of a year, of one channel among
several, comparisons and approximate numbers (近, 约, 余) are not facts of the report and are passed over; two
statements that differ are both left out, with a word about it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from archive.forms import normalised, without_blanks
from archive.model import Statistic
from archive.vocabulary import Origin
from pipelines.numerals import number
from pipelines.statistics.prose_patterns import (
    ABOUT,
    APPLICANTS,
    APPLICATION,
    APPROXIMATE,
    CARRIED_IN,
    CARRIED_OUT,
    CHANNEL,
    CHANNEL_FIGURE,
    CLAUSE_END,
    COMPARED,
    FIGURE,
    HEADING,
    IN_WORDS,
    LISTED,
    MATTER,
    NAMED_BESIDE,
    NO_MATTER,
    NONE_OF,
    NOT,
    NOT_HAPPENED,
    NOT_RECEIVED,
    ONE_KIND,
    OTHER_MATTER,
    OUTCOME_ROWS,
    OUTCOME_WORDS,
    OUTCOMES,
    PART_OF_YEAR,
    PERIOD,
    PLAN,
    PROCESSED,
    QUALIFIED,
    QUOTES,
    RECEIVED,
    REMEDIES,
    SENTENCE_END,
    SINCE,
    STATES,
    SUM_OF_TWO,
    THOUSANDS,
    TITLE,
    TWO,
    TWO_FOLLOWING,
    YEAR,
)


@dataclass(slots=True)
class ProseContext:
    """What is known while going through the clauses of one section."""

    year: int | None
    section: str
    domain: str = ""
    parent: str = ""
    """The row of the last total: applicants listed after it belong to it."""
    nested: bool = False
    """Within a list of parts: 其中 …"""
    part: bool = False
    """The clause at hand is the first part of what the clause before it counts."""
    announced: bool = False
    """The clause at hand is nothing but 其中."""
    counted: str = ""
    """The row that the last clause with a figure stated; empty where it stated none."""
    other_year: bool = False


@dataclass(slots=True)
class StatedFigures:
    """All that prose says, before contradictions are taken out."""

    found: dict[tuple[int, str, str], list[tuple[int, Statistic]]] = field(default_factory=dict)
    """Key → (rank, statistic): rank 0 is the plainest wording, larger is weaker."""
    channels: int = 0
    """Statements that count one channel of several and are not nought."""
    doubts: list[str] = field(default_factory=list)

    def add(self, rule: tuple[int, str, str], value: int, unit: str, sentence: str, rank: int = 0) -> None:
        """Note one figure."""
        statistic = Statistic(
            table_no=rule[0],
            row_name=rule[1],
            column_name=rule[2],
            value=value,
            unit=unit,
            raw=sentence,
            origin=Origin.NARRATIVE,
        )
        self.found.setdefault(rule, []).append((rank, statistic))


def read_prose(paragraphs: list[str], report_year: int | None, form: str) -> tuple[list[Statistic], list[str]]:
    """The figures that the paragraphs state, one for each row and column, and what contradicts itself or is torn."""
    stated = StatedFigures()
    section, planning = "", False
    reading = ProseContext(report_year, section)
    for paragraph in paragraphs:
        if len(paragraph) < 40 and not paragraph[-1:].isdigit() and HEADING.match(paragraph):  # no row of a table
            section = normalised(paragraph)
            planning = bool(PLAN.search(section))
        if planning or not STATES.search(paragraph):
            continue
        if section != reading.section or HEADING.match(paragraph):
            reading = ProseContext(report_year, section, domain=_matter(section))
        for sentence in SENTENCE_END.split(paragraph):
            if not MATTER.search(sentence):
                continue
            if STATES.search(sentence):
                reading.nested = reading.other_year = False
                for clause in _clauses(sentence):
                    _read_clause(clause, sentence.strip(), reading, stated, form)
            elif APPLICATION.search(sentence):
                reading.domain = "applications"
    return _settle(stated)


def _matter(section: str) -> str:
    if "复议" in section or "诉讼" in section:
        return "remedies"
    return "applications" if "申请" in section else ""


def _clauses(sentence: str) -> list[str]:
    """A sentence's clauses, squeezed, without quotation marks and titles in 《》."""
    text = TITLE.sub("", without_blanks(sentence))
    text = THOUSANDS.sub("", QUOTES.sub("", text))
    text = IN_WORDS.sub(_in_digits, text)
    text = text.replace("(", ",(").replace(")", "),").replace("其中", ",其中")
    return [clause for clause in CLAUSE_END.split(text) if clause]


def _in_digits(match: re.Match[str]) -> str:
    """A figure in words as digits; as it stands where it is no number, or is the one that did not come in."""
    value = number(match[0])
    is_none = match[0] == "一" and NONE_OF.search(match.string, 0, match.start())
    return match[0] if value is None or is_none else str(value)


def _read_clause(clause: str, sentence: str, reading: ProseContext, stated: StatedFigures, form: str) -> None:
    opens, closes = clause.startswith("("), clause.endswith(")")
    clause = clause.strip("()")
    if "年" in clause and (years := [int(year) for year in YEAR.findall(clause)]):
        reading.other_year = reading.year is not None and reading.year not in years
    stated_here = FIGURE.search(clause) is not None
    months = "月" in clause or "半年" in clause or "季度" in clause
    if months and not stated_here and PERIOD.search(clause):
        reading.other_year = True
    begins = opens or clause.startswith(("其中", "包括", "含"))
    reading.nested |= begins
    reading.part = begins or reading.announced
    reading.announced = clause in ("其中", "包括", "含")
    _turn(clause, reading)
    is_fact = (stated_here or NOT.search(clause)) and not (
        reading.other_year
        or COMPARED.search(clause)
        or (months and PART_OF_YEAR.search(clause))
        or ("累计" in clause and SINCE.search(sentence))
    )
    if is_fact and stated_here:
        _read_figures(clause, sentence, reading, stated, form)
    elif is_fact:
        _read_negative(clause, sentence, reading, stated)
    if closes:
        reading.nested = False


def _read_figures(clause: str, sentence: str, reading: ProseContext, stated: StatedFigures, form: str) -> None:
    before, reading.counted = reading.counted, ""
    for key, found, rank in _matches(clause, reading, form):
        reading.counted = key[1]
        if found["more"] or "." in found["n"] or APPROXIMATE.search(clause[max(0, found.start("n") - 3) : found.end()]):
            continue
        digits = found["n"]
        if len(digits) > 4 and re.match(r"20[0-3]\d", digits):
            stated.doubts.append(f"a year may have run into the number: {clause[:60]}")
            continue
        if key[1:] == ("new_received", "total") and CHANNEL.search(clause):
            rank = 3
        if key[1] == "carried_in" and reading.part and before == "new_received":
            stated.found.pop((3, "new_received", "total"), None)  # what was received includes it
        stated.add(key, int(digits), found["u"], sentence, rank)
    if "申请" in clause and CHANNEL.search(clause) and CHANNEL_FIGURE.search(clause):
        stated.channels += 1


def _turn(clause: str, reading: ProseContext) -> None:
    """Follow what the prose is about."""
    if "诉讼" in clause or "起诉" in clause:
        reading.domain = "suits"
    elif "复议" in clause:
        reading.domain = "reviews"
    elif "申请" in clause and APPLICATION.search(clause):
        reading.domain = "applications"
    elif "规范性文件" in clause:
        reading.domain = "documents"
    elif "行政许可" in clause:
        reading.domain = "decisions"


def _matches(
    clause: str, reading: ProseContext, form: str
) -> Iterator[tuple[tuple[int, str, str], re.Match[str], int]]:
    """What the clause states: (table, row, column), the match, its rank."""
    if reading.domain == "applications":
        if "转" in clause or "遗留" in clause:
            for row, patterns, step in (("carried_out", CARRIED_OUT, 1), ("carried_in", CARRIED_IN, -1)):
                if found := _carried(patterns, clause, reading.year, step):
                    reading.parent = row
                    yield (3, row, "total"), found, 0
                    return
        yield from _applications(clause, reading, form)
    elif reading.domain == "reviews" or reading.domain == "suits":
        domains = (reading.domain, "review results" if reading.domain == "reviews" else "")
        one_kind = bool(ONE_KIND.search(clause))
        both = "复议" in clause and "诉讼" in clause and not one_kind
        for rule in REMEDIES:
            found = rule.pattern.search(clause) if rule.word in clause and rule.domain in domains else None
            if not found or (one_kind and rule.column == "suit_total"):
                continue
            if both and found["n"] != "0":  # the sum of two; of nought, both are nought
                continue
            if _is_ours(clause, reading):
                for column in ("review_total", "suit_total") if both else (rule.column,):
                    yield (4, rule.row, column), found, 0
    elif reading.domain in ("documents", "decisions") and form == "cn-2021":
        rules = TWO + (TWO_FOLLOWING if reading.parent == "normative_documents" else ())
        for rule in rules:
            found = rule.pattern.search(clause) if rule.domain == reading.domain and rule.word in clause else None
            if found and (rule.row == "normative_documents" or "许可" in clause or reading.parent == "decisions"):
                yield rule.key, found, 0
                reading.parent = "normative_documents" if rule.domain == "documents" else "decisions"


def _is_ours(clause: str, reading: ProseContext) -> bool:
    """Reviews and suits count only where the prose is about information disclosure."""
    if ABOUT.search(clause) or reading.parent in ("remedies", "new_received", "processed_total", "carried_out"):
        reading.parent = "remedies"
        return True
    return False


def _carried(patterns: tuple[re.Pattern[str], ...], clause: str, year: int | None, step: int) -> re.Match[str] | None:
    for pattern in patterns:
        found = pattern.search(clause)
        if found and (found["y"] is None or (year is not None and int(found["y"]) == year + step)):
            return found
    return None


def _applications(
    clause: str, reading: ProseContext, form: str
) -> Iterator[tuple[tuple[int, str, str], re.Match[str], int]]:
    if OTHER_MATTER.search(clause) and not OUTCOME_WORDS.search(clause):
        return
    for rule in OUTCOMES:
        if rule.word in clause and (found := rule.pattern.search(clause)):
            if SUM_OF_TWO.search(clause, 0, found.start()):
                return
            one_row = rule.row == "other_total" and form == "cn-2019"
            yield (3, "other_handling", "total") if one_row else rule.key, found, 0
            return
    if reading.parent == "new_received":
        for rule in APPLICANTS:
            found = rule.pattern.search(clause) if rule.word in clause else None
            if found and not ("自然人" in clause and "法人" in clause) and "公民" not in clause:
                yield rule.key, found, 0
                return
    if not reading.nested or clause.startswith(("本年新收", "本年度新收")):
        for pattern in RECEIVED if "申请" in clause or "新收" in clause else ():
            found = pattern.search(clause)
            if not found or clause[: found.start()].endswith(("不予", "未", "不")):
                continue
            reading.parent = "new_received"
            rank = {"新收": 0, "办理": 2}.get(found["verb"].removesuffix("到"), 1)
            yield (3, "new_received", "total"), found, rank
            return
        found = PROCESSED.search(clause)
        if found and not re.search(r"按[时期]|如期|延期|逾期|超期|率", clause):
            reading.parent = "processed_total"
            yield (3, "processed_total", "total"), found, 0
            return
    if (found := LISTED.search(clause)) and (row := _outcome_row(found["label"])):
        yield (3, row, "total"), found, 0


@lru_cache(maxsize=512)
def _outcome_row(label: str) -> str | None:
    """A reason of refusal named as the form names it."""
    text = normalised(label).removeprefix("其中")
    names = [row.name for row in OUTCOME_ROWS if row.match.search(text) and len(text) >= 0.6 * len(row.label)]
    return names[0] if len(names) == 1 else None


def _read_negative(clause: str, sentence: str, reading: ProseContext, stated: StatedFigures) -> None:
    """未收到…申请, 未发生行政复议: nought, where nothing in the clause limits what did not happen."""
    if not NOT.search(clause) or QUALIFIED.search(NAMED_BESIDE.sub("", clause)):
        return
    if "复议" in clause or "诉讼" in clause:
        if NOT_HAPPENED.search(clause) and (ABOUT.search(clause) or reading.parent):
            reading.parent = "remedies"
            if "复议" in clause:
                stated.add((4, "cases", "review_total"), 0, "件", sentence)
            if "诉讼" in clause:
                stated.add((4, "cases", "suit_total"), 0, "件", sentence)
    elif (
        ABOUT.search(clause)
        and not CHANNEL.search(clause)
        and not OTHER_MATTER.search(clause)
        and (NOT_RECEIVED.search(clause) or NO_MATTER.search(clause))
    ):
        stated.add((3, "new_received", "total"), 0, "件", sentence)
        reading.parent = "new_received"


def _settle(stated: StatedFigures) -> tuple[list[Statistic], list[str]]:
    """One figure a key: the plainest wording's; two different ones of equal rank are both dropped."""
    kept: list[Statistic] = []
    doubts = list(stated.doubts)
    for (_, row, column), figures in stated.found.items():
        if len(figures) == 1 and figures[0][0] < 3:
            kept.append(figures[0][1])
            continue
        best = min(rank for rank, _ in figures)
        candidates = [statistic for rank, statistic in figures if rank == best]
        values = sorted({statistic.value for statistic in candidates if statistic.value is not None})
        if len(values) > 1:
            doubts.append(f"prose states {row}.{column} as {' and as '.join(map(str, values))}")
        elif best == 3 and stated.channels > 1:
            doubts.append(f"prose states {row}.{column} by channel only")
        else:
            kept.append(candidates[0])
    return kept, doubts
