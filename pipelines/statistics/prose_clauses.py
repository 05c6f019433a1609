"""What one clause of prose states: which figures, by the matter that the prose is about."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from archive.forms import names, normalised
from archive.vocabulary import Form
from pipelines.statistics.prose_patterns import (
    ABOUT,
    APPLICANTS,
    CARRIED_IN,
    CARRIED_OUT,
    LISTED,
    ONE_KIND,
    OTHER_MATTER,
    OUTCOME_ROWS,
    OUTCOME_WORDS,
    OUTCOMES,
    PROCESSED,
    RECEIVED,
    REMEDIES,
    REVIEWER,
    SUM_OF_TWO,
    TABLE_TWO,
    TABLE_TWO_CONTINUED,
    FigureKey,
    Matter,
    Rule,
)

_PARENTS_OF_REMEDIES = (Matter.REMEDIES, names.NEW_RECEIVED, names.PROCESSED_TOTAL, names.CARRIED_OUT)
"""Totals after which reviews and suits are about information disclosure without saying so."""
_RANKS = {"新收": 0, "办理": 2}
"""How plainly a verb says that applications were received; 1 where it is not named here."""
_PROCESSED_IN_TIME = re.compile(r"按[时期]|如期|延期|逾期|超期|率")


_RECEIVED_TOTAL: FigureKey = (3, names.NEW_RECEIVED, names.TOTAL)
_PROCESSED_TOTAL: FigureKey = (3, names.PROCESSED_TOTAL, names.TOTAL)
_OTHER_HANDLING: FigureKey = (3, names.OTHER_HANDLING, names.TOTAL)
# bound here: a member is looked up in its enum in 0.1 µs, and a report has many clauses
_APPLICATIONS, _REVIEWS, _SUITS, _REVIEW_RESULTS = (
    Matter.APPLICATIONS,
    Matter.REVIEWS,
    Matter.SUITS,
    Matter.REVIEW_RESULTS,
)
_DOCUMENTS, _DECISIONS = Matter.DOCUMENTS, Matter.DECISIONS


@dataclass(slots=True)
class ProseContext:
    """What is known while going through the clauses of one section."""

    year: int | None
    """The report's."""
    section: str
    matter: Matter | None = None
    parent: str = ""
    """The row of the last total, or the matter of the last figures: what is listed after it belongs to it."""
    is_in_list: bool = False
    """Within a list of parts: 其中 …"""
    is_first_part: bool = False
    """The clause at hand is the first part of what the clause before it counts."""
    follows_qizhong: bool = False
    """The clause at hand is nothing but 其中."""
    counted: str = ""
    """The row that the last clause with a figure stated; empty where it stated none."""
    is_section_on_remedies: bool = False
    """A heading says that the section is about reviews or suits on information disclosure."""
    is_other_year: bool = False
    """The clause at hand is about another year, or part of one."""


Figure = tuple[FigureKey, re.Match[str], int]
"""A figure that a clause states; the match, with the groups n (digits), more (余, 多 …) and u (unit); and how plainly.

0 is the plainest wording, larger is weaker.
"""


def figures_in(clause: str, context: ProseContext, form: Form) -> Iterator[Figure]:
    """The figures that a clause states. Notes in the context to what the next clauses belong."""
    matter = context.matter
    if matter is _APPLICATIONS:
        figure = _application_figure(clause, context, form)
        if figure is not None:
            yield figure
    elif matter is _REVIEWS or matter is _SUITS:
        yield from _remedy_figures(clause, context)
    elif (matter is _DOCUMENTS or matter is _DECISIONS) and form == Form.NATIONAL_2021:
        yield from _table_two_figures(clause, context)


_LookedFor = tuple[tuple[str, re.Pattern[str], Rule], ...]


def _looked_for(rules: Iterable[Rule]) -> _LookedFor:
    """Rules with what is looked for: to get a field of a rule takes longer than to look for its word."""
    return tuple((rule.word, rule.pattern, rule) for rule in rules)


_OF_OUTCOMES, _OF_APPLICANTS = _looked_for(OUTCOMES), _looked_for(APPLICANTS)


def _first_match(rules: _LookedFor, clause: str) -> tuple[Rule, re.Match[str]] | None:
    for word, pattern, rule in rules:
        if word in clause and (match := pattern.search(clause)):
            return rule, match
    return None


def _application_figure(clause: str, context: ProseContext, form: Form) -> Figure | None:
    """The one figure on applications that a clause states, the more specific wordings first."""
    if carried := _carried_figure(clause, context):
        return carried
    if OTHER_MATTER.search(clause) and not OUTCOME_WORDS.search(clause):
        return None
    if outcome := _first_match(_OF_OUTCOMES, clause):
        rule, match = outcome
        if SUM_OF_TWO.search(clause, 0, match.start()):
            return None
        is_one_row = rule.row == names.OTHER_TOTAL and form == Form.NATIONAL_2019
        return (_OTHER_HANDLING if is_one_row else rule.key), match, 0
    return _applicant_figure(clause, context) or _total_figure(clause, context) or _listed_figure(clause)


def _carried_figure(clause: str, context: ProseContext) -> Figure | None:
    """What was carried out to the next year, or in from the last."""
    if "转" not in clause and "遗留" not in clause:
        return None
    for row, patterns, step in ((names.CARRIED_OUT, CARRIED_OUT, 1), (names.CARRIED_IN, CARRIED_IN, -1)):
        for pattern in patterns:
            match = pattern.search(clause)
            if match and (match["y"] is None or (context.year is not None and int(match["y"]) == context.year + step)):
                context.parent = row
                return (3, row, names.TOTAL), match, 0
    return None


def _applicant_figure(clause: str, context: ProseContext) -> Figure | None:
    """Applications received of one kind of applicants, listed after their total."""
    if context.parent != names.NEW_RECEIVED or "公民" in clause or ("自然人" in clause and "法人" in clause):
        return None
    found = _first_match(_OF_APPLICANTS, clause)
    return (found[0].key, found[1], 0) if found else None


def _total_figure(clause: str, context: ProseContext) -> Figure | None:
    """Applications received or processed; within a list of parts only where the clause says that it is the total."""
    if context.is_in_list and not clause.startswith(("本年新收", "本年度新收")):
        return None
    for pattern in RECEIVED if "申请" in clause or "新收" in clause else ():
        match = pattern.search(clause)
        if match and not clause[: match.start()].endswith(("不予", "未", "不")):
            context.parent = names.NEW_RECEIVED
            return _RECEIVED_TOTAL, match, _RANKS.get(match["verb"].removesuffix("到"), 1)
    match = PROCESSED.search(clause)
    if match and not _PROCESSED_IN_TIME.search(clause):
        context.parent = names.PROCESSED_TOTAL
        return _PROCESSED_TOTAL, match, 0
    return None


def _listed_figure(clause: str) -> Figure | None:
    """A reason of refusal named as the form names it, and its count."""
    match = LISTED.search(clause)
    row = _outcome_row(match["label"]) if match else None
    return ((3, row, names.TOTAL), match, 0) if match and row else None


@lru_cache(maxsize=512)
def _outcome_row(label: str) -> str | None:
    text = normalised(label).removeprefix("其中")
    found = [row.name for row in OUTCOME_ROWS if row.match.search(text) and len(text) >= 0.6 * len(row.label)]
    return found[0] if len(found) == 1 else None


def _remedy_figures(clause: str, context: ProseContext) -> Iterator[Figure]:
    """Reviews and suits. A sum of both says nothing of either, except that of zero both are zero."""
    matters = (context.matter, _REVIEW_RESULTS if context.matter is _REVIEWS else None)
    is_one_kind = bool(ONE_KIND.search(clause))
    is_sum = "复议" in clause and "诉讼" in clause and not is_one_kind
    for rule in REMEDIES:
        if rule.word not in clause or rule.matter not in matters:
            continue
        if is_one_kind and rule.column == names.SUIT_TOTAL:
            continue
        match = rule.pattern.search(clause)
        if match and (match["n"] == "0" or not is_sum) and _is_about_disclosure(clause, context):
            for column in (names.REVIEW_TOTAL, names.SUIT_TOTAL) if is_sum else (rule.column,):
                yield (4, rule.row, column), match, 0


def _is_about_disclosure(clause: str, context: ProseContext) -> bool:
    """Reviews and suits count only where the prose is about information disclosure."""
    if (
        ABOUT.search(clause)
        or context.parent in _PARENTS_OF_REMEDIES
        or (context.is_section_on_remedies and not REVIEWER.search(clause))
    ):
        context.parent = Matter.REMEDIES
        return True
    return False


def _table_two_figures(clause: str, context: ProseContext) -> Iterator[Figure]:
    """Normative documents, licences, penalties and coercive measures, as the form of 2021 counts them."""
    rules = TABLE_TWO + (TABLE_TWO_CONTINUED if context.parent == names.NORMATIVE_DOCUMENTS else ())
    for rule in rules:
        match = rule.pattern.search(clause) if rule.word in clause and rule.matter is context.matter else None
        is_of_documents = rule.row == names.NORMATIVE_DOCUMENTS
        if match and (is_of_documents or "许可" in clause or context.parent == _DECISIONS):
            context.parent = names.NORMATIVE_DOCUMENTS if is_of_documents else _DECISIONS
            yield rule.key, match, 0
