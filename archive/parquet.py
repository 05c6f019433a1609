"""Tables as Parquet files, of one file or of one for each year in folders that DuckDB, Arrow and Spark know (Hive).

pyarrow writes them. It is an extra, as it is large; without it there are no Parquet files, and nothing else changes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Self

YEAR = "report_year"
"""The column that names the folders of a table by year, and is not in its files."""
UNKNOWN_YEAR = "__HIVE_DEFAULT_PARTITION__"
"""Names the folder of what has no year."""


def _or_none(convert: Callable[[str], date]) -> Callable[[str], date | None]:
    """Of a moment that is none, as archives of before may hold, nothing."""

    def converted(text: str) -> date | None:
        try:
            return convert(text)
        except ValueError:
            return None

    return converted


_CONVERTED: dict[str, Callable[[Any], Any]] = {
    "NUMERIC": float,
    "DATE": _or_none(date.fromisoformat),
    "DATETIME": _or_none(datetime.fromisoformat),
}


def can_be_written() -> bool:
    """Whether pyarrow is installed."""
    return find_spec("pyarrow") is not None


class ParquetTable:
    """The files of one table. `columns` has the type of each: TEXT, INTEGER, NUMERIC, DATE or DATETIME."""

    def __init__(self, out: Path, name: str, columns: Mapping[str, str], *, by_year: bool) -> None:
        import pyarrow as pa

        types = {
            "TEXT": pa.string(),
            "INTEGER": pa.int64(),
            "NUMERIC": pa.float64(),
            "DATE": pa.date32(),
            "DATETIME": pa.timestamp("us", tz="UTC"),
        }
        self.files: list[Path] = []
        self._out, self._name, self._by_year = out, name, by_year
        self._columns = [
            (place, kind) for place, (column, kind) in enumerate(columns.items()) if not self._names_folder(column)
        ]
        self._schema = pa.schema(
            [(column, types[kind]) for column, kind in columns.items() if not self._names_folder(column)]
        )
        self._writer: Any = None
        if not by_year:
            self._open(out / f"{name}.parquet")

    def _names_folder(self, column: str) -> bool:
        return self._by_year and column == YEAR

    def begin_year(self, year: int | None) -> None:
        """What is written from here on is of this year."""
        self._open(self._out / self._name / f"{YEAR}={UNKNOWN_YEAR if year is None else year}" / "part-0.parquet")

    def _open(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self.close()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self.files.append(path)

    def write(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write some rows, in the order of the columns."""
        import pyarrow as pa

        by_column = list(zip(*rows, strict=True))
        arrays = [
            pa.array(_fit(by_column[place], kind), column.type)
            for (place, kind), column in zip(self._columns, self._schema, strict=True)
        ]
        self._writer.write_table(pa.table(arrays, schema=self._schema))

    def close(self) -> None:
        """Finish the last file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _fit(values: tuple[Any, ...], kind: str) -> list[Any]:
    """Values as Parquet wants them: SQLite keeps whole numbers as integers in a NUMERIC column, and moments as text."""
    convert = _CONVERTED.get(kind)
    return [None if value is None else convert(value) for value in values] if convert else list(values)
