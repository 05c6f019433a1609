"""Search against a scan of every text: the same reports, whatever the string."""

from __future__ import annotations

import random
import re
import sqlite3
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from archive import Reports
from archive.fulltext import OTHER, indexed, put
from archive.room.catalogue import Catalogue
from archive.room.fts_queries import escape_fts, plan
from archive.room.holdings import Among, newest
from archive.room.search import search
from archive.room.search_terms import _mapped, fold, parse
from tests.crawling import scrapy

CASE = Path(__file__).parents[2] / "shared" / "real" / "cases" / "18-search-forms" / "search.warc"
TEXTS = {
    "a": (
        "临川市2021年政府信息公开工作年度报告",
        "一、总体情况\n收到行政复议12件，行政诉讼3件。WTO事务WTO2办理。\n规章 0 0 0\n行政规范性文件 12 5 125",
    ),
    "b": ("白海市报告", "复，议。复 议、复\n议 2021 年；12021年度；20212 A1B2c3 naïve café 公開，公‘开’"),
    "c": ("复议", "经复议后起诉5件。wto 与 Wto，“三安全一稳定”。https://a.example/x?y=1&z=2 100%"),
    "d": ("〇一二年报告", "㐀𠀀字䷀䷁公䷀开 １２３件 ①②③ [复议] {行政} ~!@#$%^&*()_+ \"引号\" '单' 公开公开公开"),
    "e": ("", "公\ue000开 行 政 复 议 éa 开ä公 2020年1月5日至2021年1月5日止"),
    "f": ("没有正文的报告", ""),
    "h": ("１23件", "面积100㎡的２3件，第⼀般，一般；临川市２０２１年"),
    "g": ("长文", "复议" * 2000 + "末尾"),
}
PICKED = (
    "复议", "复", "议", "公开", "2021", "2021年", "021年", "年2021", "202", "WTO", "wto", "TO", "WTO2", "T", "，", "。", "复，议", "复 议", "议。",
    "，行政", "12", "0 0", "0 0 0", "件，", "三安全", "“三安全", "café", "é", "ä公", "开ä公", "1&z", "100%", "𠀀", "㐀𠀀", "１２", "①②", "[复议]", "行政}", "\"引号", "公\ue000开",
    "２3件", "3件", "市２０２１", "㎡的", "0㎡", "00m", "⼀般", "一般", "第⼀般",
    "公开公开", "䷀䷁", "公䷀开", "开公", "年度报告", "市2021", "末尾", "议末", "不存在的词", "'", "*", "AND", "NEAR(", "\\", "%", "_", "报告", "1", "年1月5日至2",
)  # fmt: skip


@pytest.fixture(scope="module")
def db(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    return filled(tmp_path_factory.mktemp("archive"), TEXTS)


def filled(folder: Path, texts: dict[str, tuple[str, str]]) -> sqlite3.Connection:
    """An archive of reports with these titles and texts."""
    reports = Reports(folder)
    reports.put_portal({"name": "p"})
    for number, (name, (title, text)) in enumerate(texts.items(), 1):
        reports.db.conn.execute(
            "INSERT INTO reports (id, url, portal, title, state, search_id, digest) VALUES (?, ?, 'p', ?, 'live', ?, '')",
            (name, f"http://p.example/{name}", title, number),
        )
        reports.db.conn.execute("INSERT INTO figures (report_id, held_checks, failed_checks) VALUES (?, 0, 0)", (name,))
        reports.db.conn.execute("INSERT INTO report_texts VALUES (?, ?)", (name, text))
        put(reports.db.conn, [(number, indexed(title, text))])
    reports.close()
    return sqlite3.connect(folder / "reports.db", check_same_thread=False)


SIMPLIFIED = str.maketrans("開報於後臺務複議", "开报于后台务复议")
"""The traditional characters of the texts of these tests."""


@cache
def plain(text: str) -> str:
    """The text as it is compared, character by character: the oracle of `fold`."""
    characters = list(unicodedata.normalize("NFKD", text).casefold().translate(SIMPLIFIED))
    found = ""
    parted = False
    for at, c in enumerate(characters):
        after = "".join(characters[at + 1 : at + 5])
        is_comma = c == "," and found[-1:].isdigit() and not parted and after[:3].isdigit() and len(after[:3]) == 3
        if is_comma and not after[3:4].isdigit():
            continue
        if not c.isalnum():
            parted = True
            continue
        if parted and found[-1:].isascii() and found[-1:].isalnum() and c.isascii():
            found += " "
        found, parted = found + c, False
    return found


def scan(query: str, reports: Mapping[str, tuple[str, str]] = TEXTS) -> set[str]:
    """Reports with every word of a query without operators."""
    words = [word for word in query.split() if plain(word)]
    signs = [word for word in query.split() if not plain(word)]
    return {
        name
        for name, (title, text) in reports.items()
        if all(plain(word) in plain(title) or plain(word) in plain(text) for word in words)
        and all(sign in title or sign in text for sign in signs)
    }


@cache
def catalogue(db: sqlite3.Connection) -> Catalogue:
    """The names of places are put in order once for each."""
    return Catalogue(db)


def found(db: sqlite3.Connection, query: str) -> set[str]:
    result = search(db, catalogue(db), parse(query), {})
    assert result is not None
    assert result.total == len(result.hits)
    return {hit.row["id"] for hit in result.hits}


PARTED = {
    "both": ("复，议", "行政复议。复、议书"),
    "parted": ("", "行政复。议书，公 开、公\n开1,855条"),
    "whole": ("行政公开", "行政复议书１８５５ 条"),
    "across": ("行政", "复议，公"),
    "traditional": ("公開報告", "複議；公。開"),
    "number": ("1,8550", "21,855条 11855条 1，8 55条"),
    "other": ("公ж开", "公あ开，公é开、公㈠开 公\u0345开 公\U0003ffff开 公ß开"),
    "empty": ("", ""),
}
"""Strings that something parts, or that are of two columns."""


@pytest.fixture(scope="module")
def parted(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    return filled(tmp_path_factory.mktemp("parted"), PARTED)


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("行政复议", "both parted whole"),
        ("复议", "both parted whole across traditional"),
        ('"复议"', "both whole across traditional"),
        ('"复议书"', "whole"),
        ('"行政复议"', "both whole"),
        ('"公开"', "whole traditional"),
        ("公开", "parted whole traditional other"),
        ("1855条", "parted whole number"),
        ("条1855", ""),
        ("开1855", "parted"),
        ('"开1,8"', "parted"),
        ('"1,855"', "parted number"),
        ('",855条"', "parted number"),
        ('"书１"', "whole"),
        ("公ж开", "other"),
        ("公ι开", "other"),
        ("公s", "other"),
        ("公ss开", "other"),
        ('"公開"', "traditional"),
        ('"。開"', "traditional"),
    ],
)
def test_what_is_parted_is_told_from_what_is_not(parted: sqlite3.Connection, query: str, names: str) -> None:
    assert found(parted, query) == set(names.split())
    if '"' not in query:
        assert found(parted, query) == scan(query, PARTED)


LETTERS = "公开報报告於后後复议1258０３aTo"
SIGNS = "，,,。、 \n·’㈠①㎡䷀жあéßα\u0345\ue000\U0003ffff\U0003134a"


@cache
def made() -> dict[str, tuple[str, str]]:
    """Texts by lot, of few characters, so that each meets many others."""
    lot = random.Random(23)

    def text() -> str:
        return "".join(lot.choice(LETTERS if lot.random() < 0.7 else SIGNS) for _ in range(lot.randrange(60)))

    return {str(number): (text(), text()) for number in range(300)} | {"numbers": ("1,258公", "公1,258,058开8,12")}


@pytest.fixture(scope="module")
def lots(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    db = filled(tmp_path_factory.mktemp("lots"), made())
    lots = Catalogue(db)
    lots.db = db  # type: ignore[attr-defined]
    return lots


PIECES = st.one_of(
    st.text(LETTERS, min_size=1, max_size=4),
    st.text(LETTERS + SIGNS, min_size=1, max_size=6),
    st.tuples(st.sampled_from([text for pair in made().values() for text in pair if text]), st.integers(0, 59)).map(
        lambda drawn: drawn[0][drawn[1] % len(drawn[0]) :][: 1 + drawn[1] % 9]
    ),
)


@example(piece=f"{OTHER}α", is_quoted=True)
@given(piece=PIECES, is_quoted=st.booleans())
@settings(max_examples=1_500, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_string_is_found_as_by_a_scan(lots: Catalogue, piece: str, *, is_quoted: bool) -> None:
    asked = f'"{piece}"' if is_quoted else piece
    found = lots.find(lots.db, parse(asked))  # type: ignore[attr-defined]
    assert found is not None
    names = {list(made())[number - 1] for number in lots.in_order(found)}
    if is_quoted and re.fullmatch(
        "[公开报告后复议\U0003134a]+", piece
    ):  # in any form; the characters are simplified ones
        forms = {
            name: tuple(unicodedata.normalize("NFKD", text).translate(SIMPLIFIED) for text in pair)
            for name, pair in made().items()
        }
        wanted = {name for name, pair in forms.items() if any(piece in text for text in pair)}
    elif is_quoted:
        wanted = {name for name, pair in made().items() if any(piece in text for text in pair)}
    elif piece.strip():
        wanted = scan(piece, made())
    else:
        wanted = set(made())
    assert names == wanted


@pytest.mark.parametrize("query", PICKED)
def test_picked_strings_are_found_as_by_a_scan(db: sqlite3.Connection, query: str) -> None:
    assert found(db, query) == scan(query)


def test_every_piece_of_the_texts_is_found_as_by_a_scan(db: sqlite3.Connection) -> None:
    draw = random.Random(7)
    asked = 0
    while asked < 600:
        source = draw.choice([text for pair in TEXTS.values() for text in pair if text])
        start = draw.randrange(len(source))
        query = source[start : start + draw.randint(1, 8)]
        if query.strip() and not re.search('["“”]|(^|\\s)[-－−]|[|]', query):
            assert found(db, query) == scan(query), repr(query)
            asked += 1


@pytest.mark.parametrize("text", [text for pair in TEXTS.values() for text in pair])
def test_a_text_is_compared_character_by_character(text: str) -> None:
    assert fold(text) == plain(text)
    assert _mapped(text)[0] == plain(text)


FORMS = {
    "〔2021〕30号": ("[2021]30号", "（2021） 30号", "〔２０２１〕３０号", "【2021】30 号"),
    "1855条": ("1,855条", "１，８５５条", "1855 条", "1 855条 1,855条"),
    "三安全一稳定": ("“三安全一稳定”", "「三安全一稳定」", "三 安全、一稳定", "三安全\n一稳定"),
    "WTO事务": ("wto事务", "ＷＴＯ 事务", "“Wto”事务"),
    "收到申请15件": ("收到申请 15 件", "收到申请１５件", "收到申请：15件"),
    "公开报告后台": ("公開報告後臺", "公開报告 後台"),
    "於后台": ("于后台", "於後臺"),
    "12,345": ("12345", "1２,345元", "共12,345件"),
}
"""What is typed → forms in which texts print it."""
OTHERS = ("2021年第30号", "1,8550条", "三安全", "W.T.O.事务", "收到申请1,5件", "12.345", "112,34")
"""What is like it and is not it."""


@pytest.mark.parametrize("typed", FORMS)
def test_every_form_of_a_phrase_finds_every_other(tmp_path: Path, typed: str) -> None:
    texts = {str(number): ("", f"前文{form}后文") for number, form in enumerate((*FORMS[typed], *OTHERS, *FORMS))}
    db = filled(tmp_path, texts)
    for asked in (typed, *(form for form in FORMS[typed] if not re.search('["“”\\s]', form))):
        wanted = {name for name, (_, text) in texts.items() if plain(asked) in plain(text)}
        assert wanted >= {str(number) for number, form in enumerate(FORMS[typed]) if plain(asked) in plain(form)}
        assert found(db, asked) == wanted, asked
    db.close()


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("复议 诉讼", "a"),
        ("诉讼　复议", "a"),
        ("复议 -诉讼", "bcdeg"),
        ("复议 －诉讼", "bcdeg"),
        ("诉讼 OR 规章", "a"),
        ("规章 OR 末尾", "ag"),
        ("末尾 | 规章 复议", "ag"),
        ('"复议12件"', "a"),
        ("“复，议”", "b"),
        ('"复 议"', "be"),
        ('-"复议"', "befh"),
        ("  复议  ", "abcdeg"),
        ("OR", "abcdefgh"),
        ("复议 OR", "abcdeg"),
        ("-", ""),
    ],
)
def test_operators(db: sqlite3.Connection, query: str, names: str) -> None:
    assert found(db, query) == set(names)


def test_bodies_of_such_a_name_come_with_the_results(tmp_path: Path) -> None:
    db = filled(tmp_path, {"a": ("某市教育局2021年报告", "正文"), "b": ("报告", "教育局"), "c": ("报告", "")})
    db.execute("UPDATE reports SET issuing_body = '某市教育局' WHERE id IN ('a', 'c')")
    result = search(db, catalogue(db), parse("教育局 某市"), {})
    assert result is not None
    assert result.bodies == [("某市教育局", 2)]
    assert [hit.row["id"] for hit in result.hits] == ["a"]
    db.close()


def test_where_nothing_is_found_there_are_hints(db: sqlite3.Connection) -> None:
    for query, hints in (("复议 不存在", {"复议"}), ("行政复议决定书", {"行政复议"}), ("不存在的词语", set[str]())):
        result = search(db, catalogue(db), parse(query), {})
        assert result is not None
        assert result.total == 0
        assert {words for words, _ in result.hints} == hints
        assert all(number == len(found(db, words)) for words, number in result.hints)


def test_what_very_many_reports_have_is_not_counted_to_its_end(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.room.search.MOST_HINTED", 2)
    result = search(db, catalogue(db), parse("复议 不存在"), {})
    assert result is not None
    assert result.hints == [("复议", 3)]


def test_the_newest_of_many_are_those_of_few(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = [1, 4, 2]
    few = newest(db, 2, Among.numbered(numbers))
    monkeypatch.setattr("archive.room.holdings.FEW", 0)
    assert newest(db, 2, Among.numbered(numbers)) == few
    assert [row["id"] for row in few] == ["d", "b"]


@pytest.mark.skipif(not CASE.exists(), reason="the folder ../shared with real cases is not there")
def test_the_handed_phrases_are_found_in_every_form(tmp_path: Path) -> None:
    scrapy(tmp_path, "import", str(CASE))
    db = sqlite3.connect(f"file:{tmp_path / 'reports.db'}?mode=ro", uri=True)
    for query in ("〔2021〕30号", "2023年1月1日", "申请15件"):
        result = search(db, catalogue(db), parse(query), {})
        assert result is not None
        assert result.total == 4, query
    db.close()


@pytest.mark.parametrize("query", [q for q in PICKED if plan(q).exact])
def test_the_indexes_alone_find_strings_of_han_characters(db: sqlite3.Connection, query: str) -> None:
    """But for what a text has both unparted and parted."""
    printing = {name for name, texts in TEXTS.items() if any(query in text.translate(SIMPLIFIED) for text in texts)}
    wanted = plan(query)
    meeting = numbered(db, "report_search", wanted.match)
    parted = numbered(db, "report_breaks", wanted.parted) if wanted.parted else set[str]()
    assert meeting - parted <= printing <= meeting
    assert numbered(db, "report_search", escape_fts(query)) == meeting == scan(query)
    assert found(db, f'"{query}"') == printing


def numbered(db: sqlite3.Connection, index: str, match: str | None) -> set[str]:
    sql = f"SELECT id FROM reports WHERE search_id IN (SELECT rowid FROM {index} WHERE {index} MATCH ?)"
    return {row[0] for row in db.execute(sql, (match,))}


@pytest.mark.parametrize("query", [*PICKED, "", '"', 'a"b', "复\0议"])
def test_escape_fts_makes_a_query_of_anything(db: sqlite3.Connection, query: str) -> None:
    db.execute("SELECT rowid FROM report_search WHERE report_search MATCH ?", (escape_fts(query),)).fetchall()


def test_snippets_are_sentences_that_answer(tmp_path: Path) -> None:
    text = (
        "一、总体情况\n"
        + "规章 复议 0 0\n" * 5
        + "本年收到行政复议12件，其中维持３件。此外无复议。\n"
        + "长" * 300
        + "复议"
        + "长" * 300
    )
    db = filled(tmp_path, {"a": ("", text)})
    result = search(db, catalogue(db), parse("复议 3件"), {})
    assert result is not None
    first, *others = result.hits[0].snippets
    assert first == [
        ("本年收到行政", False),
        ("复议", True),
        ("12件，其中维持", False),
        ("３件", True),
        ("。", False),
    ]
    assert [words for snippet in others for words, is_hit in snippet if is_hit] == ["复议", "复议"]
    assert all(sum(len(words) for words, _ in snippet) < 200 for snippet in result.hits[0].snippets)
    result = search(db, catalogue(db), parse("规章"), {})
    assert result is not None
    assert ("规章", True) in result.hits[0].snippets[0]
    db.close()


def test_facets_count_what_is_found_and_narrow_it(db: sqlite3.Connection) -> None:
    result = search(db, catalogue(db), parse("复议"), {"verdict": "not_assessable"})
    assert result is not None
    assert result.facets["portal"] == [("p", len(scan("复议")))]
    assert result.facets["year"] == [("-", len(scan("复议")))]
    none = search(db, catalogue(db), parse("复议"), {"year": "2021"})
    assert none is not None
    assert none.total == 0


def test_an_empty_archive_can_be_narrowed(tmp_path: Path) -> None:
    db = filled(tmp_path, {})
    for chosen in ({"verdict": "fails"}, {"portal": "p"}, {"year": "2021", "portal": "p"}):
        result = search(db, catalogue(db), parse(""), chosen)
        assert result is not None
        assert result.total == 0
    db.close()


def test_an_old_catalogue_is_noticed(db: sqlite3.Connection) -> None:
    old = Catalogue(db)
    old._known &= ~(1 << 8)  # without report 1
    assert search(db, old, parse("复议"), {}) is None


def test_of_very_many_texts_a_number_is_looked_for_where_it_begins(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archive.room.catalogue.MOST_READ", 1)
    monkeypatch.setattr("archive.room.catalogue.MOST_SCANNED", 2)
    query = parse("2021")
    result = search(db, Catalogue(db), query, {})
    assert result is not None
    assert {hit.row["id"] for hit in result.hits} == {"a", "b", "e", "h"}
    assert [term.typed for term in query.by_index] == ["2021"]
    query = parse("复议")
    result = search(db, Catalogue(db), query, {})
    assert result is not None
    assert result.total < len(scan("复议")) or not query.by_index


def test_what_the_index_answered_is_kept_within_bounds(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    catalogue = Catalogue(db)
    monkeypatch.setattr("archive.room.catalogue.MOST_KEPT", 3 * catalogue.size)
    for word in ("复议", "公开", "行政", "报告", "复议"):
        found = catalogue.find(db, parse(word))
        assert found is not None
        assert {list(TEXTS)[number - 1] for number in catalogue.in_order(found)} == scan(word)
        assert len(catalogue._kept) <= 3
