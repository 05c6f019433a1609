"""Every figure and rate that can be ranked, mapped and added up: one list for all these pages.

A rate of a sum is given only where the same reports state the one number and the other: a ratio of different reports
would be a ratio of nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from archive.definitions import RATES, Term
from archive.figures import KEY_FIGURES as STORED
from archive.figures import REFUSALS, TABLE_OF
from archive.room.key_figures import KEY_FIGURES
from archive.room.vocabulary_bilingual import Bilingual, label_of
from archive.sums import Sum
from archive.vocabulary import Form

NEW_FORMS = {2019: Form.NATIONAL_2019, 2021: Form.NATIONAL_2021}
"""First year → the national form that began in it: figures of the years before were counted by other rows."""
LEAST_DENOMINATOR = 30
"""Reports with a smaller denominator are not ranked by a rate unless that is asked for: 1 of 2 is no 50 per cent."""


@dataclass(frozen=True, slots=True)
class AskedFigure:
    """A figure or a rate, over one report and over a sum."""

    name: str
    title: Bilingual
    formula: Bilingual
    unit: Bilingual
    numerator: str
    """SQL over the columns of `figures`; the figure itself where it is no rate."""
    denominator: str | None = None
    tables: tuple[int, ...] = ()
    """The national tables whose identities verify it."""
    over: tuple[Term, ...] = ()
    """Columns of a sum that the numerator adds up; empty for what cannot be added up."""
    under: tuple[Term, ...] = ()
    """The same of the denominator."""

    @property
    def sql(self) -> str:
        """The figure of one report, over the columns of `figures`."""
        return RATES[self.name].sql if self.share else self.numerator

    @property
    def share(self) -> bool:
        """Whether it is shown in per cent."""
        return self.denominator is not None

    @property
    def can_be_added_up(self) -> bool:
        """Whether a place has it."""
        return bool(self.over) and bool(self.under) == self.share

    def of(self, total: Sum) -> float | None:
        """Of a sum; None where no report states it, or not the same reports state both numbers of a rate."""
        if not self.is_of_same_reports(total):
            return None
        over = self._added(total, self.over)
        if not self.share or over is None:
            return over
        under = self._added(total, self.under)
        return over / under if under else None

    def stated(self, total: Sum) -> int:
        """How many of the reports that are counted state it."""
        return min(total.stated(name) for name in self._needed())

    def verified(self, total: Sum) -> int:
        """How many of them have the tables verified that it is from."""
        return min(total.verified(name) for name in self._needed())

    def is_of_same_reports(self, total: Sum) -> bool:
        """Whether the same reports state each of its numbers: as many as state all of them."""
        every = [*self._needed(), self.name] if self.share else self._needed()
        return len({total.stated(name) for name in every}) == 1

    def _needed(self) -> list[str]:
        return [term.name for term in (*self.over, *self.under) if not term.may_be_blank]

    @staticmethod
    def _added(total: Sum, terms: tuple[Term, ...]) -> int | None:
        values = [
            -value if term.is_taken_off else value for term in terms if (value := total.value(term.name)) is not None
        ]
        return sum(values) if values else None


_COUNTS: dict[str, Bilingual] = {
    "applications": ("新收申请", "Applications received"),
    "applications_natural_person": ("自然人申请", "From natural persons"),
    "carried_in": ("上年结转", "Carried over from last year"),
    "processed": ("办理总计", "Applications processed"),
    "granted": ("予以公开", "Granted"),
    "partially_granted": ("部分公开", "Partly granted"),
    "denied": ("不予公开", "Denied"),
    "not_provided": ("无法提供", "Not provided"),
    "not_processed": ("不予处理", "Not processed"),
    "other": ("其他处理", "Other"),
    "carried_out": ("结转下年", "Carried over to next year"),
    "reviews": ("行政复议", "Administrative reviews"),
    "reviews_corrected": ("复议结果纠正", "Corrected on review"),
    "suits": ("行政诉讼", "Administrative suits"),
    "suits_direct": ("未经复议直接起诉", "Suits without prior review"),
    "suits_after_review": ("复议后起诉", "Suits after a review"),
}
_PIECES: Bilingual = ("件", "cases")
_PER_CENT: Bilingual = ("%", "%")


REASONS: dict[str, Bilingual] = {
    name: (zh.partition(".")[2] or zh, en) for name in REFUSALS for zh, en in (label_of(name),)
}
"""The reasons for refusing, as the form names them."""


def _count(name: str, title: Bilingual) -> AskedFigure:
    known = KEY_FIGURES.get(name)
    over = (Term(name, is_taken_off=False, may_be_blank=False),) if name in STORED else ()
    formula = known.formula if known else (f"{title[0]}（件）", f"{title[1]}, cases")
    return AskedFigure(name, title, formula, _PIECES, known.sql if known else name, None, (TABLE_OF[name],), over)


def _rate(name: str) -> AskedFigure:
    known, rate = KEY_FIGURES[name], RATES[name]
    return AskedFigure(
        name,
        known.title,
        known.formula,
        _PER_CENT,
        rate.numerator,
        rate.denominator,
        known.tables,
        rate.over,
        rate.under,
    )


_FIGURES = (
    *(_count(name, title) for name, title in _COUNTS.items()),
    _rate("grant_rate"),
    _rate("denial_rate"),
    _rate("screened_rate"),
    _rate("not_held_rate"),
    _rate("backlog_rate"),
    _rate("organisation_rate"),
    _rate("contested_rate"),
    _rate("review_correction_rate"),
    _rate("suit_loss_rate"),
    AskedFigure(
        "days_late", KEY_FIGURES["days_late"].title, KEY_FIGURES["days_late"].formula, ("天", "days"), "days_late"
    ),
    *(_count(name, REASONS[name]) for name in REFUSALS),
)
FIGURES: dict[str, AskedFigure] = {figure.name: figure for figure in _FIGURES}
"""By name: counts, then rates, then reasons for refusing."""
ADDED_UP = {name: figure for name, figure in FIGURES.items() if figure.can_be_added_up}
"""Those that places and the country have."""
