"""The identities, rows and columns that code asks for by name, each looked up in labels.json when this is imported.

A name that labels.json does not know is a KeyError at import, never a figure that silently goes missing.
"""

from __future__ import annotations

from archive.forms import IDENTITIES, LABELS

_KNOWN = (
    {
        part["name"]
        for form in LABELS["forms"].values()
        for table in form["tables"].values()
        for part in (*table["rows"], *table["columns"])
    }
    | LABELS["derived"]["rows"].keys()
    | {name for columns in LABELS["derived"]["columns"].values() for name in columns}
)


def _name(name: str) -> str:
    """The name of a row or column. Raises KeyError where no form has it."""
    if name not in _KNOWN:
        raise KeyError(name)
    return name


# Identities. Their formulas are in labels.json.

FLOW = IDENTITIES["T3-A"].id
"""Table three, each column: received and carried in equal processed and carried out."""
OUTCOME_SUM = IDENTITIES["T3-B"].id
"""Table three, each column: the total processed is the sum of the outcomes."""
APPLICANT_SUM = IDENTITIES["T3-C"].id
"""Table three, each row: the total is the sum of the kinds of applicants."""
RESULT_SUM = IDENTITIES["T4-A"].id
"""Table four, each block: the total is the sum of the results."""
CARRIED_OVER = IDENTITIES["X-A"].id
"""Carried in is what last year's report carried out."""
IN_FORCE_OVER_YEARS = IDENTITIES["X-B"].id
"""In force is what was in force last year, with what was issued and without what was abolished."""
ITEMS_OVER_YEARS = IDENTITIES["X-C"].id
"""Items of the previous year follow from last year's report and its change (form of 2019)."""
SANITY = IDENTITIES["S-1"].id
"""No more is newly disclosed than in total; no count is negative."""
PROSE_AGREES = IDENTITIES["S-2"].id
"""A figure in the prose is the figure in the table."""
SOURCES_AGREE = IDENTITIES["D-1"].id
"""A figure is the same in two sources of its table."""

OTHER_ROW = "other:"
"""Begins the name of a row that a form does not have; its printed label follows, without blanks and punctuation."""

# Table two

REGULATIONS = _name("regulations")
NORMATIVE_DOCUMENTS = _name("normative_documents")
LICENSING = _name("administrative_licensing")
PENALTY = _name("administrative_penalty")
COERCION = _name("administrative_coercion")

ISSUED = _name("issued")
"""This and the next two are columns of the form of 2021 alone."""
ABOLISHED = _name("abolished")
IN_FORCE = _name("in_force")
DECISIONS = _name("decisions")
AMOUNT = _name("amount")
"""Of procurement in the form of 2019, of fees in that of 2021."""
NEWLY_DISCLOSED = _name("newly_disclosed")
"""This and the next three are columns of the form of 2019 alone."""
TOTAL_DISCLOSED = _name("total_disclosed")
ITEMS_PREV_YEAR = _name("items_prev_year")
ITEMS_CHANGE = _name("items_change")

# Table three: rows

NEW_RECEIVED = _name("new_received")
CARRIED_IN = _name("carried_in")
GRANTED = _name("granted")
PARTIALLY_GRANTED = _name("partially_granted")
NOT_HELD = _name("not_provided_not_held")
OTHER_HANDLING = _name("other_handling")
"""The one row of other outcomes in the form of 2019."""
OTHER_OTHER = _name("other_other")
"""The last of the three rows of other outcomes in the form of 2021."""
PROCESSED_TOTAL = _name("processed_total")
CARRIED_OUT = _name("carried_out")

DENIED_TOTAL = _name("denied_total")
"""This and the next three are the totals of groups that only prose states."""
NOT_PROVIDED_TOTAL = _name("not_provided_total")
NOT_PROCESSED_TOTAL = _name("not_processed_total")
OTHER_TOTAL = _name("other_total")

# Table three: columns

NATURAL_PERSON = _name("natural_person")
COMMERCIAL_ENTERPRISE = _name("commercial_enterprise")
RESEARCH_INSTITUTION = _name("research_institution")
PUBLIC_WELFARE_ORG = _name("public_welfare_org")
LEGAL_SERVICE_ORG = _name("legal_service_org")
ORGANISATIONS_TOTAL = _name("organisations_total")
"""All columns but natural persons and the total; only prose states it."""
TOTAL = _name("total")

# Table four

CASES = _name("cases")
"""Its only row."""
REVIEW_TOTAL = _name("review_total")
REVIEW_MAINTAINED = _name("review_maintained")
REVIEW_CORRECTED = _name("review_corrected")
REVIEW_OTHER = _name("review_other")
REVIEW_PENDING = _name("review_pending")
SUIT_DIRECT_TOTAL = _name("suit_direct_total")
SUIT_AFTER_REVIEW_TOTAL = _name("suit_after_review_total")
SUIT_DIRECT_CORRECTED = _name("suit_direct_corrected")
SUIT_DIRECT_PENDING = _name("suit_direct_pending")
SUIT_AFTER_REVIEW_CORRECTED = _name("suit_after_review_corrected")
SUIT_AFTER_REVIEW_PENDING = _name("suit_after_review_pending")
SUIT_TOTAL = _name("suit_total")
"""Suits of both kinds; only prose states it."""

# The annex before 2019

YEAR_VALUE = _name("year_value")
"""The column of the year's own figures."""
CUMULATIVE = _name("cumulative")
"""The column of the printed sum (历年累计, 本年累计)."""
APPLICATIONS_RECEIVED = _name("applications_received")
APPLICATIONS_PROCESSED = _name("applications_processed")
REPLIED_GRANTED = _name("replied_granted")
REPLIED_PARTIALLY_GRANTED = _name("replied_partially_granted")
REPLIED_DENIED = _name("replied_denied")
REVIEWS_TOTAL = _name("reviews_total")
REVIEWS_CORRECTED = _name("reviews_corrected")
