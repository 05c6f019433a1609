"""Figures stated in prose: what is read, and what must be left alone."""

from __future__ import annotations

import pytest

from pipelines.statistics.prose import read_prose

Figures = dict[str, int | float | None]


def figures(*paragraphs: str, year: int | None = 2022, form: str = "cn-2021") -> Figures:
    """What the paragraphs state, by `row` for totals, else `row.column`."""
    found, _ = read_prose(list(paragraphs), year, form)
    return {s.row_name if s.column_name == "total" else f"{s.row_name}.{s.column_name}": s.value for s in found}


STATED: list[tuple[str, Figures]] = [
    ("全年共收到政府信息公开申请12件，其中当面申请2件，网络申请10件。", {"new_received": 12}),
    ("受理公民、法人和其他组织提出的政府信息公开申请66件。", {"new_received": 66}),
    ("全年收到政府信息公开申请1,234件，办结1,200件。", {"new_received": 1234, "processed_total": 1200}),
    ("全年收到政府信息公开申请２３件。", {"new_received": 23}),
    ("截至2022年12月31日，共收到信息公开申请20件，按期答复20件。", {"new_received": 20}),
    ("收到政府信息公开的信函申请1条，已受理回复。", {"new_received": 1}),
    ("本年度政府信息公开申请量为28件，较上年减少3件。", {"new_received": 28}),
    ("共受理依申请公开17宗。", {"new_received": 17}),
    ("收到41件政府信息公开申请。", {"new_received": 41}),
    ("2021年受理政府信息公开申请30件，2022年受理政府信息公开申请41件。", {"new_received": 41}),
    (
        "全区共办理政府信息公开申请106宗，其中自然人申请100宗，法人或其他组织申请6宗；2021年结转政府信息公开申请9宗。",
        {
            "new_received": 106,
            "new_received.natural_person": 100,
            "new_received.organisations_total": 6,
            "carried_in": 9,
        },
    ),
    (
        "收到信息公开申请15件，其中“予以公开”3宗，“部分公开”2宗，“不予公开”1宗，“无法提供”5宗，“不予处理”1宗，“其他处理”2宗。",
        {
            "new_received": 15,
            "granted": 3,
            "partially_granted": 2,
            "denied_total": 1,
            "not_provided_total": 5,
            "not_processed_total": 1,
            "other_total": 2,
        },
    ),
    (
        "政府信息公开申请已办结9件，同意公开5件，同意部分公开1件，不同意公开3件。",
        {"processed_total": 9, "granted": 5, "partially_granted": 1, "denied_total": 3},
    ),
    ("收到公开申请15件，3件予以公开，4件结转下一年度办理。", {"new_received": 15, "granted": 3, "carried_out": 4}),
    (
        "收到的12件政府信息公开申请中，3件予以公开，2件部分公开，5件无法提供，2件不予处理。",
        {"new_received": 12, "granted": 3, "partially_granted": 2, "not_provided_total": 5, "not_processed_total": 2},
    ),
    ("统计期限自2022年1月1日起至12月31日止，收到政府信息公开申请9件。", {"new_received": 9}),
    ("信息公开申请2022年结转2023年办理1宗，2021年结转2022年办理3宗。", {"carried_out": 1, "carried_in": 3}),
    ("共接收依申请公开申请17件，其中，上年结转2件，本年新收15件。", {"carried_in": 2, "new_received": 15}),
    (
        "新收政府信息公开申请7件，无法提供4件（本机关不掌握相关政府信息3件，没有现成信息需要另行制作1件）。",
        {"new_received": 7, "not_provided_total": 4, "not_provided_not_held": 3, "not_provided_needs_creation": 1},
    ),
    (
        "针对政府信息公开的行政复议申请207件，其中维持具体行政行为151件，被依法纠错19件，其他情形37件；行政诉讼121件，其中被依法纠错7件。",
        {
            "cases.review_total": 207,
            "cases.review_maintained": 151,
            "cases.review_corrected": 19,
            "cases.review_other": 37,
            "cases.suit_total": 121,
        },
    ),
    (
        "因政府信息公开引起的行政复议5件，未经复议直接起诉的行政诉讼2件，复议后起诉的行政诉讼1件。",
        {"cases.review_total": 5, "cases.suit_direct_total": 2, "cases.suit_after_review_total": 1},
    ),
    ("全年因政府信息公开申请行政复议0件，提起行政诉讼0件。", {"cases.review_total": 0, "cases.suit_total": 0}),
    (
        "本年度制定并主动公开行政规范性文件41件，废止行政规范性文件55件，现行有效行政规范性文件181件。",
        {"normative_documents.issued": 41, "normative_documents.abolished": 55, "normative_documents.in_force": 181},
    ),
    (
        "制发行政规范性文件16件，废止9件，现行有效74件。",
        {"normative_documents.issued": 16, "normative_documents.abolished": 9, "normative_documents.in_force": 74},
    ),
    (
        "主动公开办理行政许可1200件，行政处罚35件，行政强制2件。",
        {
            "administrative_licensing.decisions": 1200,
            "administrative_penalty.decisions": 35,
            "administrative_coercion.decisions": 2,
        },
    ),
    (
        "共收到政府信息公开申请一百零五件，其中予以公开二十件，部分公开两件，无法提供十三件。",
        {"new_received": 105, "granted": 20, "partially_granted": 2, "not_provided_total": 13},
    ),
    ("全年未收到一件政府信息公开申请。", {"new_received": 0}),
    ("涉及政府信息公开的行政复议、行政诉讼案件为0件。", {"cases.review_total": 0, "cases.suit_total": 0}),
    (
        "未发生由政府信息公开引发的举报、投诉、行政复议和行政诉讼。",
        {"cases.review_total": 0, "cases.suit_total": 0},
    ),
    (
        "受理政府信息公开申请52件，答复政府信息公开申请50件（含上年度结转申请4件），信息公开类行政复议3件，诉讼2件。",
        {"new_received": 52, "carried_in": 4, "cases.review_total": 3, "cases.suit_total": 2},
    ),
    ("受理政府信息公开申请7件，2件申请按规定结转下年度继续办理。", {"new_received": 7, "carried_out": 2}),
    ("收到信息公开申请30件，予以公开及部分公开12件，不予公开、无法提供8件。", {"new_received": 30}),
    ("2022年未收到有关政府信息公开申请。", {"new_received": 0}),
    ("未收到公民、法人和其他组织政府信息公开申请事项。", {"new_received": 0}),
    ("未收到有关政府信息公开行政复议、提起行政诉讼的申请。", {"cases.review_total": 0, "cases.suit_total": 0}),
    ("没有因政府信息公开被申请行政复议、提起行政诉讼的情况发生。", {"cases.review_total": 0, "cases.suit_total": 0}),
]


@pytest.mark.parametrize(("text", "wanted"), STATED)
def test_what_prose_states(text: str, wanted: Figures) -> None:
    assert figures(text) == wanted


LEFT_ALONE = [
    # approximate
    "全年受理信息公开申请约50件。",
    "全年受理信息公开申请近50件。",
    "全年受理信息公开申请50余件。",
    "全年收到信息公开申请1.2万件。",
    "全年收到信息公开申请超过300件。",
    "收到政府信息公开申请三五件。",
    "共收到几十件政府信息公开申请。",
    "收到政府信息公开申请一百五件。",
    "全年受理信息公开申请约五十件。",
    # another time
    "2022年上半年收到信息公开申请20件。",
    "第三季度收到信息公开申请20件。",
    "2020年收到信息公开申请20件，全部办结。",
    "自2008年以来，共收到信息公开申请920件。",
    "截至2022年底，累计受理信息公开申请456件。",
    "2021年12月至2022年11月，收到政府信息公开申请3件。",
    # comparisons
    "信息公开申请比上年增加5件，同比增长16.7%。",
    # other matters
    "办理行政复议案件120件，行政应诉案件33件。",
    "开设窗口26个，共受理申请121510件。",
    "处理信息公开投诉举报3件，办理政协提案5件。",
    "公开行政许可信息500条，行政处罚信息35条。",
    "公开行政复议决定书26份。",
    "收到政府信息公开申请及咨询68件。",
    # parts, and sums of two
    "共受理网上申请5件、信函申请3件、当面申请2件政府信息公开申请。",
    "因政府信息公开申请行政复议、提起行政诉讼案件3宗，已结案2宗。",
    "按时办结政府信息公开申请12件。",
    # none of something else
    "没有发生因政府信息公开行政复议被纠错的情况。",
    "政府信息公开申请无逾期办结。",
    "政府信息公开申请未收取费用。",
    "不予受理政府信息公开申请3件。",
    "每一件政府信息公开申请都按时答复，第二件申请于年内办结。",
    # the plan
    "《关于2022年收到政府信息公开申请5件的通知》已印发。",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_what_is_no_fact_of_the_report(text: str) -> None:
    assert figures(text) == {}


def test_the_sentence_is_kept_as_printed() -> None:
    (found,), _ = read_prose(
        ["概况。2022 年，共收到 “政府信息公开申请”10 宗，均已答复。另有来访3次。"], 2022, "cn-2021"
    )
    assert found.raw == "2022 年，共收到 “政府信息公开申请”10 宗，均已答复。"
    assert (found.origin, found.unit, found.table_no) == ("narrative", "宗", 3)


def test_two_statements_that_differ_are_both_left_out() -> None:
    found, doubts = read_prose(["区政府收到信息公开申请10件。", "各部门收到信息公开申请20件。"], 2022, "cn-2021")
    assert found == []
    assert len(doubts) == 1
    assert "10" in doubts[0]
    assert "20" in doubts[0]


def test_the_same_statement_twice_is_one() -> None:
    assert figures("收到信息公开申请10件。", "收到信息公开申请10件。") == {"new_received": 10}


def test_the_plainer_wording_goes_before_the_weaker() -> None:
    assert figures("新收政府信息公开申请10件。", "全年办理政府信息公开申请13件。") == {"new_received": 10}


def test_what_was_received_is_not_new_where_it_includes_what_was_carried_in() -> None:
    assert figures("共收到依申请公开件126件（含上年结转6件），结转下年6件。") == {"carried_in": 6, "carried_out": 6}


def test_figures_of_a_section_about_applications_need_no_further_word() -> None:
    heading = "三、收到和处理政府信息公开申请情况"
    assert figures(heading, "全年受理申请8件，上一年度结转0件，予以公开3件。") == {
        "new_received": 8,
        "carried_in": 0,
        "granted": 3,
    }
    assert figures("一、总体情况", "全年受理申请8件。") == {}


def test_problems_and_plans_state_nothing() -> None:
    assert figures("五、存在的主要问题及改进情况", "2022年收到政府信息公开申请10件。") == {}


def test_with_an_unknown_year_no_statement_is_of_another() -> None:
    assert figures("2019年收到政府信息公开申请10件。", year=None) == {"new_received": 10}


def test_other_handling_is_one_row_in_2019_and_a_group_since_2021() -> None:
    text = "办结政府信息公开申请9件，其他处理2件。"
    assert figures(text, form="cn-2019") == {"processed_total": 9, "other_handling": 2}
    assert figures(text, form="cn-2021") == {"processed_total": 9, "other_total": 2}


def test_documents_are_counted_as_the_form_of_2021_counts_them_only() -> None:
    assert figures("制发行政规范性文件16件。", form="cn-2019") == {}


SECTION_FOUR = "四、政府信息公开行政复议、行政诉讼情况"
DOCUMENTS = [
    "全年制发公文120件，其中主动公开80件、依申请公开25件、不予公开15件。",
    "对拟制的公文逐件审查，确定主动公开12件，依申请公开4件，不予公开3件。",
    "开展保密审查60次，审查信息90条，同意公开85条，不予公开5条。",
    "制作、获取政府信息300条，主动公开政府信息260条，作为依申请公开信息数30条，不予公开信息数10条。",
    "全年产生政府信息500条。其中，主动公开400条，依申请公开60条，不予公开40条。",
    "办理收文210件，属性为不予公开9件、部分公开4件。",
    "共公开各类信息40条，不予公开2条。",
]


@pytest.mark.parametrize("sentence", DOCUMENTS)
@pytest.mark.parametrize("heading", ["（一）主动公开", "三、收到和处理政府信息公开申请情况", "二、依申请公开情况"])
def test_figures_about_documents_are_none_about_applications(heading: str, sentence: str) -> None:
    assert figures(heading, sentence) == {}
    after = "全年收到政府信息公开申请5件，予以公开4件，部分公开1件。"
    assert figures(heading, after + sentence) == {"new_received": 5, "granted": 4, "partially_granted": 1}
    assert figures(heading, sentence + after) == {"new_received": 5, "granted": 4, "partially_granted": 1}


@pytest.mark.parametrize(
    ("sentence", "wanted"),
    [
        (
            "收到政府信息公开申请10件，经审查，予以公开5件，不予公开2件。",
            {"new_received": 10, "granted": 5, "denied_total": 2},
        ),
        (
            "已答复政府信息公开申请30件，其中已主动公开12件，同意公开8件，不同意公开6件。",
            {"granted": 8, "denied_total": 6},
        ),
        ("收到政府信息公开申请6件，其中属于主动公开范围2件，予以公开3件。", {"new_received": 6, "granted": 3}),
        (
            "主动公开信息200条；收到依申请公开5件，予以公开4件，不予公开1件。",
            {"new_received": 5, "granted": 4, "denied_total": 1},
        ),
    ],
)
def test_what_is_examined_or_published_beside_applications_leaves_them_alone(sentence: str, wanted: Figures) -> None:
    assert figures(sentence) == wanted


@pytest.mark.parametrize(
    ("paragraphs", "wanted"),
    [
        (["全年发生3件因政府信息公开引起的行政诉讼案件。"], {"cases.suit_total": 3}),
        (["有1起关于政府信息公开的行政复议申请，0起行政诉讼。"], {"cases.review_total": 1, "cases.suit_total": 0}),
        (["今年有两件因信息公开被提起的行政诉讼。"], {"cases.suit_total": 2}),
        ([SECTION_FOUR, "涉及的行政复议数为4件，其中1件被纠错，3件维持。"], {
            "cases.review_total": 4, "cases.review_corrected": 1, "cases.review_maintained": 3}),
        ([SECTION_FOUR, "2件未经复议直接起诉，1件复议后起诉。"], {"cases.suit_direct_total": 2, "cases.suit_after_review_total": 1}),
        (["全年收到1份政府信息公开申请。"], {"new_received": 1}),
        (["全年共有4件政府信息公开申请，其中2件予以公开，1件不予公开。"], {"new_received": 4, "granted": 2, "denied_total": 1}),
        (["政府信息公开申请收件数为7件。"], {"new_received": 7}),
        (["受理政府信息公开申请【12件】，其中予以公开[9件]。"], {"new_received": 12, "granted": 9}),
        (["收到政府信息公开申请2件，结转1件至下一年度。"], {"new_received": 2, "carried_out": 1}),
        (["本局及所属单位共收到政府信息公开申请4件。"], {"new_received": 4}),
        (["局属单位收到政府信息公开申请4件。"], {}),
        (["全年依申请公开受理数为0件。"], {"new_received": 0}),
        (["收到政府信息公开申请20件，其中3件申请人不服答复申请行政复议。"], {"new_received": 20, "cases.review_total": 3}),
    ],
)  # fmt: skip
def test_the_number_may_stand_before_the_noun(paragraphs: list[str], wanted: Figures) -> None:
    assert figures(*paragraphs) == wanted


@pytest.mark.parametrize(
    ("paragraphs", "wanted"),
    [
        (["五、因政府信息公开申请行政复议、提起行政诉讼情况", "全年被申请行政复议1件，被提起行政诉讼0件。"], {
            "cases.review_total": 1, "cases.suit_total": 0}),
        ([SECTION_FOUR, "（一）行政复议", "共收到行政复议申请3件，其中结果维持2件。", "（二）行政诉讼", "未经复议直接起诉1件。"], {
            "cases.review_total": 3, "cases.review_maintained": 2, "cases.suit_direct_total": 1}),
        ([SECTION_FOUR, "1.行政复议：2件", "2.行政诉讼：0件"], {"cases.review_total": 2, "cases.suit_total": 0}),
        ([SECTION_FOUR, "行政复议2件（维持1件、纠正1件）；行政诉讼（1件）。"], {
            "cases.review_total": 2, "cases.review_maintained": 1, "cases.review_corrected": 1, "cases.suit_total": 1}),
        (["三、收到和处理政府信息公开申请情况", "（一）基本情况", "全年受理申请8件，予以公开（3件）。"], {"new_received": 8, "granted": 3}),
        # reviews of others, which the body decided itself
        ([SECTION_FOUR, "办理行政复议案件120件，其中涉及政府信息公开3件。"], {}),
        (["四、法治建设情况", "行政复议2件，行政诉讼1件。"], {}),
        ([SECTION_FOUR, "1件申请人撤回行政复议。"], {}),
    ],
)  # fmt: skip
def test_a_heading_names_the_matter_of_what_stands_below(paragraphs: list[str], wanted: Figures) -> None:
    assert figures(*paragraphs) == wanted


@pytest.mark.parametrize(
    ("sentence", "doubtful", "kept"),
    [
        ("收到政府信息公开申请3件，不予公开9件。", "denied_total.total", {"new_received": 3}),
        ("收到政府信息公开申请3件，无法提供1件（本机关不掌握相关政府信息2件）。", "not_provided_not_held.total", {
            "new_received": 3, "not_provided_total": 1}),
        ("收到政府信息公开申请3件，其中自然人申请30件。", "new_received.natural_person", {"new_received": 3}),
        ("信息公开类行政复议2件，其中维持具体行政行为20件。", "cases.review_maintained", {"cases.review_total": 2}),
    ],
)  # fmt: skip
def test_a_part_larger_than_its_whole_is_doubtful(sentence: str, doubtful: str, kept: Figures) -> None:
    _, doubts = read_prose([sentence], 2022, "cn-2021")
    assert figures(sentence) == kept
    assert len(doubts) == 1
    assert doubtful in doubts[0]


def test_what_was_carried_in_is_processed_as_well() -> None:
    text = "收到政府信息公开申请3件，上年结转4件，予以公开6件。"
    assert figures(text) == {"new_received": 3, "carried_in": 4, "granted": 6}
