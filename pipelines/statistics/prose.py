"""Figures stated in prose: applications, outcomes, reviews and suits, each with the sentence that states it.

A clause is read only when it says whose figure it is. Figures of other years, of parts of a year, of one channel among
several, comparisons and approximate numbers (近, 约, 余) are not facts of the report and are passed over; two
statements that differ are both left out, with a doubt. See docs/form.md, Prose.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from archive.forms import normalised, without_blanks
from archive.forms.names import CARRIED_IN, CASES, NEW_RECEIVED, PROCESSED_TOTAL, REVIEW_TOTAL, SUIT_TOTAL, TOTAL
from archive.model import Statistic
from archive.vocabulary import Form, Origin, ValueState
from pipelines.numerals import number
from pipelines.statistics.prose_clauses import ProseContext, figures_in
from pipelines.statistics.prose_parts import without_larger_parts
from pipelines.statistics.prose_patterns import (
    ABOUT,
    APPLICATION,
    APPLIES,
    APPROXIMATE,
    CHANNEL,
    CHANNEL_FIGURE,
    CHAPTER,
    CLASSIFIED,
    CLAUSE_END,
    COMPARED,
    FIGURE,
    FILES,
    HEADING,
    IN_WORDS,
    LONE_FIGURE,
    MATTER,
    MAY_STATE,
    NAMED_BESIDE,
    NO_MATTER,
    NONE_OF,
    NOT,
    NOT_HAPPENED,
    NOT_RECEIVED,
    OF_OTHERS,
    OTHER_MATTER,
    PART_OF_YEAR,
    PERIOD,
    PLAN,
    PUBLISHED,
    QUALIFIED,
    QUOTES,
    SENTENCE_END,
    SINCE,
    STATES,
    THOUSANDS,
    TITLE,
    YEAR,
    FigureKey,
    Matter,
)

_RANK_OF_CHANNEL = 3
"""Of a statement that counts one channel of several."""
_RECEIVED: FigureKey = (3, NEW_RECEIVED, TOTAL)
_REVIEW_TOTAL: FigureKey = (4, CASES, REVIEW_TOTAL)
_SUIT_TOTAL: FigureKey = (4, CASES, SUIT_TOTAL)
_YEAR_RUN_INTO_FIGURE = re.compile(r"20[0-3]\d")
_NUMBER, _NARRATIVE = ValueState.NUMBER, Origin.NARRATIVE
_APPLICATIONS, _REVIEWS, _SUITS = Matter.APPLICATIONS, Matter.REVIEWS, Matter.SUITS
_DOCUMENTS, _DECISIONS, _FILES = Matter.DOCUMENTS, Matter.DECISIONS, Matter.FILES
_TOTALS = (NEW_RECEIVED, PROCESSED_TOTAL)
_LISTS = ("其中", "包括", "含")


@dataclass(slots=True)
class StatedFigures:
    """All that prose says, before contradictions are taken out."""

    by_key: dict[FigureKey, list[tuple[int, Statistic]]] = field(default_factory=dict)
    """Key → (rank, statistic): rank 0 is the plainest wording, larger is weaker."""
    channels: int = 0
    """Statements that count one channel of several and are not zero."""
    doubts: list[str] = field(default_factory=list)

    def add(self, key: FigureKey, value: int, unit: str, sentence: str, rank: int = 0) -> None:
        """Note one figure."""
        statistic = Statistic(*key, value, unit, sentence, _NUMBER, _NARRATIVE)
        self.by_key.setdefault(key, []).append((rank, statistic))


def read_prose(paragraphs: list[str], report_year: int | None, form: Form) -> tuple[list[Statistic], list[str]]:
    """The figures that the paragraphs state, one for each row and column, and what contradicts itself or is torn."""
    stated = StatedFigures()
    for paragraph, context in _paragraphs_with_context(paragraphs, report_year):
        for sentence in SENTENCE_END.split(paragraph):
            if not MATTER.search(sentence):
                continue
            if STATES.search(sentence):
                context.is_in_list = context.is_other_year = False
                clauses = _clauses(sentence)
                if "主动公开" in sentence and CLASSIFIED.search(",".join(clauses)):
                    context.matter, context.parent = _FILES, ""
                for clause in clauses:
                    _read_clause(clause, sentence.strip(), context, stated, form)
            elif APPLICATION.search(sentence):
                context.matter = Matter.APPLICATIONS
    return _settle(stated)


def _paragraphs_with_context(paragraphs: list[str], report_year: int | None) -> Iterator[tuple[str, ProseContext]]:
    """The paragraphs that may state figures, and what is known where each begins; those of plans are left out."""
    chapter, section, is_plan = "", "", False
    context = ProseContext(report_year, section)
    for paragraph in paragraphs:
        if len(paragraph) < 40 and not paragraph[-1:].isdigit() and HEADING.match(paragraph):  # no row of a table
            section = normalised(paragraph)
            chapter = section if CHAPTER.match(paragraph) else chapter
            is_plan = bool(PLAN.search(section))
        if is_plan or not MAY_STATE.search(paragraph) or not STATES.search(paragraph):
            continue
        if section != context.section or HEADING.match(paragraph):
            context = ProseContext(report_year, section, matter=_matter_of(section) or _matter_of(chapter))
            context.is_section_on_remedies = _is_on_remedies(section) or _is_on_remedies(chapter)
        yield paragraph, context


def _matter_of(section: str) -> Matter | None:
    if "复议" in section or "诉讼" in section:
        return Matter.REMEDIES
    return Matter.APPLICATIONS if "申请" in section else None


def _is_on_remedies(section: str) -> bool:
    """Whether a heading names reviews or suits on information disclosure: 因政府信息公开申请行政复议、提起行政诉讼情况."""
    return _matter_of(section) is Matter.REMEDIES and ABOUT.search(section) is not None


def _clauses(sentence: str) -> list[str]:
    """A sentence's clauses without blanks, quotation marks and titles in 《》."""
    text = TITLE.sub("", without_blanks(sentence))
    text = THOUSANDS.sub("", QUOTES.sub("", text))
    text = LONE_FIGURE.sub(r"\1\2", IN_WORDS.sub(_in_digits, text))
    text = text.replace("(", ",(").replace(")", "),").replace("其中", ",其中")
    return [clause for clause in CLAUSE_END.split(text) if clause]


def _in_digits(match: re.Match[str]) -> str:
    """A figure in words as digits; as it stands where it is no number, or is the one that did not come in."""
    value = number(match[0])
    is_none = match[0] == "一" and NONE_OF.search(match.string, 0, match.start())
    return match[0] if value is None or is_none else str(value)


def _read_clause(clause: str, sentence: str, context: ProseContext, stated: StatedFigures, form: Form) -> None:
    opens, closes = clause.startswith("("), clause.endswith(")")
    clause = clause.strip("()")
    has_figure = FIGURE.search(clause) is not None
    names_months = "月" in clause or "半年" in clause or "季度" in clause
    _follow_period(clause, context, is_period=names_months and not has_figure)
    _follow_list(clause, context, opens=opens)
    _follow_matter(clause, context)
    is_negative = not has_figure and NOT.search(clause) is not None
    if (has_figure or is_negative) and not _is_passed_over(clause, sentence, context, names_months=names_months):
        if is_negative:
            _read_negative(clause, sentence, context, stated)
        else:
            _read_figures(clause, sentence, context, stated, form)
    if closes:
        context.is_in_list = False


def _is_passed_over(clause: str, sentence: str, context: ProseContext, *, names_months: bool) -> bool:
    """Whether a figure is of another year, of part of a year or of several years, of other bodies, or a comparison."""
    return bool(
        context.is_other_year
        or COMPARED.search(clause)
        or ("属" in clause and OF_OTHERS.search(clause))
        or (names_months and PART_OF_YEAR.search(clause))
        or ("累计" in clause and SINCE.search(sentence))
    )


def _follow_period(clause: str, context: ProseContext, *, is_period: bool) -> None:
    """Follow of which year the prose is; `is_period`: months are named, and no figure."""
    if "年" in clause and (years := [int(year) for year in YEAR.findall(clause)]):
        context.is_other_year = context.year is not None and context.year not in years
    if is_period and PERIOD.search(clause):
        context.is_other_year = True


def _follow_list(clause: str, context: ProseContext, *, opens: bool) -> None:
    """Follow whether the prose lists parts of what it counted before: in brackets, or after 其中."""
    begins = opens or clause.startswith(_LISTS)
    context.is_in_list |= begins
    context.is_first_part = begins or context.follows_qizhong
    context.follows_qizhong = clause in _LISTS


def _follow_matter(clause: str, context: ProseContext) -> None:
    """Follow what the prose is about."""
    if "诉讼" in clause or "起诉" in clause:
        context.matter = _SUITS
    elif "复议" in clause:
        context.matter = _REVIEWS
    elif "申请" in clause and APPLIES.search(clause):
        context.matter = _APPLICATIONS
    elif "规范性文件" in clause:
        context.matter = _DOCUMENTS
    elif "行政许可" in clause:
        context.matter = _DECISIONS
    elif FILES.search(clause) or (context.parent not in _TOTALS and PUBLISHED.search(clause)):
        context.matter, context.parent = _FILES, ""
    elif context.matter is not _FILES and "依申请公开" in clause:
        context.matter = _APPLICATIONS


def _read_figures(clause: str, sentence: str, context: ProseContext, stated: StatedFigures, form: Form) -> None:
    row_before, context.counted = context.counted, ""
    for key, match, rank in figures_in(clause, context, form):
        context.counted = key[1]
        if _is_approximate(match, clause):
            continue
        digits = match["n"]
        if len(digits) > 4 and _YEAR_RUN_INTO_FIGURE.match(digits):
            stated.doubts.append(f"a year may have run into the number: {clause[:60]}")
            continue
        if key == _RECEIVED and CHANNEL.search(clause):
            rank = _RANK_OF_CHANNEL
        if key[1] == CARRIED_IN and context.is_first_part and row_before == NEW_RECEIVED:
            stated.by_key.pop(_RECEIVED, None)  # what was received includes it
        stated.add(key, int(digits), match["u"], sentence, rank)
    if "申请" in clause and CHANNEL.search(clause) and CHANNEL_FIGURE.search(clause):
        stated.channels += 1


def _is_approximate(match: re.Match[str], clause: str) -> bool:
    return bool(
        match["more"] or "." in match["n"] or APPROXIMATE.search(clause[max(0, match.start("n") - 3) : match.end()])
    )


def _read_negative(clause: str, sentence: str, context: ProseContext, stated: StatedFigures) -> None:
    """未收到…申请, 未发生行政复议: zero, where nothing in the clause limits what did not happen."""
    if QUALIFIED.search(NAMED_BESIDE.sub("", clause)):
        return
    if "复议" in clause or "诉讼" in clause:
        if NOT_HAPPENED.search(clause) and (ABOUT.search(clause) or context.parent):
            context.parent = Matter.REMEDIES
            for word, key in (("复议", _REVIEW_TOTAL), ("诉讼", _SUIT_TOTAL)):
                if word in clause:
                    stated.add(key, 0, "件", sentence)
    elif (
        ABOUT.search(clause)
        and not CHANNEL.search(clause)
        and not OTHER_MATTER.search(clause)
        and (NOT_RECEIVED.search(clause) or NO_MATTER.search(clause))
    ):
        stated.add(_RECEIVED, 0, "件", sentence)
        context.parent = NEW_RECEIVED


def _settle(stated: StatedFigures) -> tuple[list[Statistic], list[str]]:
    """One figure per key: the plainest wording's; two different ones of equal rank are both dropped."""
    kept: list[Statistic] = []
    doubts = list(stated.doubts)
    for (_, row, column), figures in stated.by_key.items():
        if len(figures) == 1 and figures[0][0] < _RANK_OF_CHANNEL:
            kept.append(figures[0][1])
            continue
        best = min(rank for rank, _ in figures)
        candidates = [statistic for rank, statistic in figures if rank == best]
        values = sorted({statistic.value for statistic in candidates if statistic.value is not None})
        if len(values) > 1:
            doubts.append(f"prose states {row}.{column} as {' and as '.join(map(str, values))}")
        elif best == _RANK_OF_CHANNEL and stated.channels > 1:
            doubts.append(f"prose states {row}.{column} by channel only")
        else:
            kept.append(candidates[0])
    kept, larger = without_larger_parts(kept)
    return kept, doubts + larger
