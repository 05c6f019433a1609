"""Every value of an archive can be proved: what was altered, deleted or lost is named, and mended."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from archive import Reports
from archive.fulltext import INDEXES
from archive.index_pages import _segments, wrong_beginnings, wrong_segments
from archive.verification import Scope, chance
from archive.verify import verify
from archive.verify_index import index_faults
from archive.write_ahead_log import log_fault
from crawler.demo.nfcms import Nfcms
from crawler.demo.server import Server
from tests import flips
from tests.crawling import crawl, scrapy


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    archive = tmp_path_factory.mktemp("proved") / "archive"
    with Server(Nfcms("qinghe", 5)) as server:
        assert crawl(archive, *server).returncode == 0
    return archive


@pytest.fixture
def archive(original: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(original, tmp_path / "archive"))


def alter(archive: Path, database: str, sql: str) -> None:
    connection = sqlite3.connect(archive / database)
    with connection:
        assert connection.execute(sql).rowcount > 0, sql
    connection.close()


ALTERED = [
    ("captures.db", "UPDATE captures SET status = 203 WHERE id = 3", "capture 3 of"),
    ("captures.db", "UPDATE captures SET run_id = NULL WHERE id = 3", "capture"),
    ("captures.db", "UPDATE runs SET stats = '{}'", "runs 1"),
    ("captures.db", "UPDATE entries SET title = title || ' ' WHERE rowid = 2", "captures.db: entries qinghe"),
    ("captures.db", "UPDATE portals SET title = 'Other'", "captures.db: portals qinghe"),
    ("captures.db", "UPDATE entry_changes SET number = number + 1", "entry_changes qinghe"),
    ("captures.db", "UPDATE run_seals SET captures = captures + 1", "run 1"),
    ("captures.db", "DELETE FROM captures WHERE id = 3", "deleted"),
    ("captures.db", "DELETE FROM entries WHERE rowid = 1", "1 rows of entries are gone"),
    ("reports.db", "UPDATE cells SET contents = '[7' || substr(contents, 2)", "qinghe-"),
    ("reports.db", "UPDATE report_texts SET text = text || '。'", "do not match its digest"),
    ("reports.db", "UPDATE figures SET granted = granted + 1 WHERE granted > 0", "figures qinghe-"),
    ("reports.db", "UPDATE fates SET cause = 'because'", "fates qinghe"),
    ("reports.db", "UPDATE read_marks SET capture_id = 9999", "read_marks qinghe"),
    ("reports.db", "UPDATE places SET name = 'Nowhere' WHERE id = (SELECT MIN(id) FROM places)", "places "),
    ("reports.db", "DELETE FROM evaluations", "were altered"),
    ("reports.db", "DELETE FROM parts", "do not match its digest"),
]


@pytest.mark.parametrize(("database", "sql", "named"), ALTERED, ids=[sql[:40] for _, sql, _ in ALTERED])
def test_whatever_is_altered_is_named(archive: Path, database: str, sql: str, named: str) -> None:
    alter(archive, database, sql)
    lines = verify(archive).lines
    assert any(named in line for line in lines), lines
    if database == "captures.db":
        return
    assert all(line.startswith("reports.db") for line in lines)


def test_each_kind_of_missing_structure_is_told_apart(archive: Path) -> None:
    alter_nothing = sqlite3.connect(archive / "reports.db")
    with alter_nothing:
        alter_nothing.execute("DROP TABLE attachments")
        alter_nothing.execute("DROP INDEX reports_same_as")
    alter_nothing.close()
    lines = "\n".join(verify(archive).lines)
    assert "table attachments is missing" in lines
    assert "index reports_same_as is missing" in lines


def test_what_was_altered_comes_back_from_a_copy_and_from_the_captures(archive: Path, original: Path) -> None:
    before = flips.rows(original / "captures.db")
    for sql in (
        "UPDATE captures SET url = url || 'x' WHERE id = 4",
        "DELETE FROM captures WHERE id = 5",
        "DELETE FROM entries WHERE rowid = 2",
        "UPDATE entries SET url = url || 'x' WHERE rowid = 3",
        "UPDATE runs SET finish_reason = 'other'",
    ):
        alter(archive, "captures.db", sql)
    alter(archive, "reports.db", "UPDATE report_texts SET text = 'nothing'")
    said = [line for line in flips.dump(original).splitlines() if not line.startswith('["x')]
    done = scrapy(archive, "verify", "--repair-from", original / "captures.db")
    assert "rows are as they were" in done.stdout, done.stdout
    assert flips.rows(archive / "captures.db") == before
    assert done.returncode == 1, "reports.db is left to a reparse"
    done = scrapy(archive, "reparse")
    assert "built anew" in " ".join(done.stderr.split())
    assert flips.dump(archive).splitlines() == said
    assert scrapy(archive, "verify").returncode == 0


@pytest.mark.parametrize("table", ["captures", "entries"])
def test_a_row_whose_text_is_no_text_any_more_is_mended(archive: Path, original: Path, table: str) -> None:
    column = {"captures": "response_headers", "entries": "title"}[table]
    alter(archive, "captures.db", f"UPDATE {table} SET {column} = CAST(x'41ff42' AS TEXT) WHERE rowid = 2")
    assert scrapy(archive, "verify").returncode == 1
    done = scrapy(archive, "verify", "--repair-from", original / "captures.db")
    assert done.returncode == 0, done.stdout + done.stderr
    assert flips.rows(archive / "captures.db") == flips.rows(original / "captures.db")


@pytest.mark.parametrize("index", INDEXES)
def test_no_byte_of_the_index_of_texts_changes_unnoticed(archive: Path, index: str) -> None:
    """Not even one that says nothing of a word, such as the mark of a deletion."""
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        blocks = db.execute(f"SELECT id, block FROM {index}_data WHERE id > 10").fetchall()
        assert list(index_faults(db)) == []
        step = 211 if index == "report_search" else 23
        for number, block in blocks:
            for place in range(3, len(block), step):
                altered = bytes([*block[:place], block[place] ^ (1 << place % 8), *block[place + 1 :]])
                db.execute(f"UPDATE {index}_data SET block = ? WHERE id = ?", (altered, number))
                assert any("index of texts" in line for line in index_faults(db)), (number, place)
                db.rollback()


@pytest.mark.parametrize("index", INDEXES)
def test_no_bit_of_what_the_index_of_texts_adds_up_changes_unnoticed(archive: Path, index: str) -> None:
    """But for those that say when it is next put in order."""
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        segments = list(_segments(db, index))
        for number, block in db.execute(f"SELECT id, block FROM {index}_data WHERE id <= 10").fetchall():
            for bit in range(8 * len(block)):
                altered = bytearray(block)
                altered[bit // 8] ^= 1 << bit % 8
                db.execute(f"UPDATE {index}_data SET block = ? WHERE id = ?", (bytes(altered), number))
                is_of_order = number == 10 and bit >= 8 * 4 and list(_segments(db, index)) == segments
                assert told(db) or is_of_order, (number, bit)
                db.rollback()
        db.execute(f"UPDATE {index}_config SET v = v + 1")
        assert told(db)


@pytest.mark.parametrize("index", INDEXES)
def test_no_bit_of_where_words_begin_changes_unnoticed(archive: Path, index: str) -> None:
    """It would hide words of a page that is whole."""
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        rows = db.execute(f"SELECT segid, term, pgno FROM {index}_idx").fetchall()
        assert len(rows) > 2 or index == "report_breaks"
        for segment, word, page in rows:
            altered = [(word, page ^ 1 << bit) for bit in range(4)]
            for bit in range(8 * len(word)):
                changed = bytearray(word)
                changed[bit // 8] ^= 1 << bit % 8
                altered.append((bytes(changed), page))
            for values in altered:
                sql = f"UPDATE OR IGNORE {index}_idx SET term = ?, pgno = ? WHERE segid = ? AND term = ?"
                if db.execute(sql, (*values, segment, word)).rowcount:
                    assert any("index of texts" in line for line in index_faults(db)), (word, page, values)
                db.rollback()


@pytest.mark.parametrize("index", INDEXES)
@pytest.mark.parametrize("column", ["segid = segid + 5", "term = CAST(term AS TEXT)", "pgno = 'x'", "pgno = NULL"])
def test_a_table_of_where_words_begin_that_is_none_is_told(archive: Path, index: str, column: str) -> None:
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        db.execute(f"UPDATE {index}_idx SET {column}")
        assert any("with which word page" in line or "decode" in line for line in told(db))


@pytest.mark.parametrize("detail", ["full", "none"])
def test_where_words_begin_is_right_in_an_index_that_merged_its_segments_in_part(detail: str) -> None:
    lot = random.Random(5)
    with closing(sqlite3.connect("")) as db:
        db.execute(f"CREATE VIRTUAL TABLE made USING fts5(text, content='', detail={detail}, tokenize='unicode61')")
        for number in range(20_000):
            words = [chr(0x4E00 + int(lot.expovariate(0.01))) for _ in range(12)]
            db.execute(
                "INSERT INTO made (rowid, text) VALUES (?, ?)",
                (number, f"公 开 {' '.join(words)} {number * 7_919}"),
            )
            if not number % 9:
                db.commit()
        (segments, skipped) = db.execute("SELECT COUNT(DISTINCT segid), SUM(pgno & 1) FROM made_idx").fetchone()
        assert segments > 2
        assert skipped or detail == "none"
        assert wrong_beginnings(db, "made") == []
        assert wrong_segments(db, "made") == []


@pytest.mark.parametrize("detail", ["full", "none"])
def test_pages_that_a_merge_is_done_with_may_still_be_in_the_table(detail: str) -> None:
    lot = random.Random(7)
    with closing(sqlite3.connect("")) as db:
        db.execute(f"CREATE VIRTUAL TABLE made USING fts5(text, content='', detail={detail}, tokenize='unicode61')")
        db.execute("INSERT INTO made (made, rank) VALUES ('automerge', 0)")
        for number in range(6_000):
            words = " ".join(chr(0x4E00 + int(lot.expovariate(0.002))) for _ in range(60))
            db.execute("INSERT INTO made (rowid, text) VALUES (?, ?)", (number, f"公 开 {words} {number * 7_919}"))
            if not number % 1_500:
                db.commit()
        db.commit()
        left = 0
        for _ in range(40):
            db.execute("INSERT INTO made (made, rank) VALUES ('merge', -16)")
            db.commit()
            assert wrong_beginnings(db, "made") == []
            assert wrong_segments(db, "made") == []
            starts = {segment: first for segment, first, _ in _segments(db, "made")}
            before = [row for row in db.execute("SELECT segid, pgno >> 1 FROM made_idx") if row[1] < starts[row[0]]]
            left = max(left, len(before))
        assert left
        (segment, word) = db.execute("SELECT segid, term FROM made_idx WHERE pgno >> 1 = 2").fetchone()
        db.execute("UPDATE made_idx SET term = x'ff' WHERE segid = ? AND term = ?", (segment, word))
        assert wrong_beginnings(db, "made") == [(segment, 2)]


def told(db: sqlite3.Connection) -> list[str]:
    """What is said of the index: that it cannot be read, too."""
    try:
        return list(index_faults(db))
    except sqlite3.DatabaseError as error:
        return [str(error)]


@pytest.mark.parametrize("index", INDEXES)
def test_pages_of_the_index_that_its_structure_leaves_out_are_told(archive: Path, index: str) -> None:
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        (block,) = db.execute(f"SELECT block FROM {index}_data WHERE id = 10").fetchone()
        for kept in (block[:-1], block[:-1] + bytes([block[-1] - 1]), block[:5], b"\0\0\0\1" + block[4:]):
            db.execute(f"UPDATE {index}_data SET block = ? WHERE id = 10", (kept,))
            assert told(db)
            db.rollback()


def test_an_index_of_many_changes_is_that_of_its_texts(archive: Path) -> None:
    reports = Reports(archive)
    ids = list(reports.known())
    for turn in range(12):
        record = reports.record(ids[turn % 3])
        assert record is not None
        reports.remove(record.id)
        if turn % 2:
            reports.commit()
        if turn < 10:
            reports.put(record)
            reports.commit()
    reports.close()
    with closing(sqlite3.connect(archive / "reports.db")) as db:
        assert list(index_faults(db)) == []
        db.execute("UPDATE report_texts SET text = replace(text, '政', '正') WHERE report_id = ?", (ids[0],))
        lines = [line for line in index_faults(db) if line.startswith("the index of texts is")]
        assert all(line.endswith(f"not that of the text of {ids[0]}") for line in index_faults(db))
    assert lines == [f"the index of texts is not that of the text of {ids[0]}"]


def test_a_deleted_capture_shows_in_an_archive_that_it_was_to_be_merged_into(archive: Path, tmp_path: Path) -> None:
    alter(archive, "captures.db", "DELETE FROM captures WHERE id = 4")
    alter(archive, "captures.db", "UPDATE entries SET title = 'forged' WHERE rowid = 2")
    done = scrapy(tmp_path / "other", "merge", "--no-read", archive)
    assert "it was altered" in done.stderr
    (line,) = verify(tmp_path / "other").lines
    assert "run 2" in line or "run 1" in line
    assert "the others were deleted" in line


def test_merges_of_the_same_captures_by_several_ways_keep_every_seal(archive: Path, tmp_path: Path) -> None:
    copy, third = tmp_path / "copy.warc.gz", tmp_path / "third"
    assert scrapy(archive, "export", copy).returncode == 0
    assert scrapy(third, "import", "--no-read", copy).returncode == 0
    assert scrapy(third, "merge", "--no-read", archive).returncode == 0
    assert scrapy(archive, "merge", "--no-read", third).returncode == 0
    for each in (archive, third):
        assert [line for line in verify(each).lines if not line.startswith("reports.db")] == []


def test_a_sample_says_what_it_proves_and_since_looks_at_what_is_new(archive: Path) -> None:
    alter(archive, "captures.db", "UPDATE captures SET note = 'x' WHERE id = 2")
    found = {bool(verify(archive, scope=Scope(share=0.5, seed=seed)).lines) for seed in range(20)}
    assert found == {True, False}
    done = scrapy(archive, "verify", "--sample", "50")
    assert "would be found with a probability of 50.0 %" in done.stdout or "probability of 5" in done.stdout
    assert scrapy(archive, "verify", "--since", "2100-01-01").returncode == 0
    assert scrapy(archive, "verify", "--since", "2000-01-01").returncode == 1
    assert scrapy(archive, "verify", "--since", "soon").returncode == 2
    assert scrapy(archive, "verify", "--sample", "0").returncode == 2


def test_the_chance_of_a_sample_is_that_of_drawing_without_looking() -> None:
    assert "10.0 %, 29 or more with 95 %" in chance(100, 1000)
    assert chance(5, 5) == "every altered row is found"


def test_a_damaged_log_is_named_and_what_it_held_comes_back(original: Path, tmp_path: Path) -> None:
    living = flips.with_logs(original, tmp_path)
    before = flips.known(living)
    archive = Path(shutil.copytree(living, tmp_path / "archive"))
    for name in flips.NAMES:
        log = archive / f"{name}-wal"
        flips.flip(log, 8 * (log.stat().st_size // 2))
    lines = verify(archive).lines
    assert any(line.startswith("captures.db: page ") and "of its log" in line for line in lines), lines
    assert any(line.startswith("reports.db: page ") and "of its log" in line for line in lines), lines
    scrapy(archive, "verify", "--repair-from", Path(shutil.copytree(living, tmp_path / "copy")))
    scrapy(archive, "reparse")
    found = flips.rows(archive / "captures.db")
    assert found["captures"] == before["captures.db"]["captures"]  # type: ignore[index]
    assert flips.dump(archive) == before["dump"]
    assert verify(archive).lines == []


def test_the_end_of_a_log_that_was_begun_again_is_no_damage(original: Path, tmp_path: Path) -> None:
    archive = Path(shutil.copytree(original, tmp_path / "archive"))
    with closing(sqlite3.connect(archive / "captures.db")) as db:
        db.execute("PRAGMA journal_mode = WAL")
        for text in ("long" * 20_000, "short"):
            with db:
                db.execute("UPDATE runs SET finish_reason = ? WHERE id = 1", (text,))
            db.execute("PRAGMA wal_checkpoint(RESTART)")
        with db:
            db.execute("UPDATE runs SET finish_reason = 'finished' WHERE id = 1")
        assert log_fault(archive / "captures.db") is None


def test_flipped_bits_are_named_and_mended(tmp_path: Path) -> None:
    found = flips.play(tmp_path, 8, seed=11, mend_every=4)
    assert found.wrong == []
    assert found.named + found.unreadable + found.harmless == 8
