"""readings.db: documents as they were read."""

from sqlite_utils import Database, Migrations

migrations = Migrations("readings")


@migrations()
def m001_readings(db: Database) -> None:
    """A row for each document, by its hash and format; which readers the rows are of."""
    db.execute(
        "CREATE TABLE readings (sha256 TEXT NOT NULL, kind TEXT NOT NULL, readers TEXT NOT NULL, content BLOB NOT NULL,"
        " digest BLOB NOT NULL, PRIMARY KEY (sha256, kind))"
    )
    db.execute("CREATE TABLE generation (readers TEXT NOT NULL)")
    db.execute("INSERT INTO generation VALUES ('')")
