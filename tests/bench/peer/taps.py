# SPDX-License-Identifier: EUPL-1.2
"""The taps of a gate in SQLite: committed one by one, kept until the broker has them."""

import sqlite3

SCHEMA = """
CREATE TABLE IF NOT EXISTS tap(
    seq INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    at TEXT NOT NULL,
    card BLOB NOT NULL,
    pupil TEXT,
    result TEXT NOT NULL,
    minutes_late INTEGER NOT NULL,
    delivered INTEGER NOT NULL DEFAULT 0
)"""
COLUMNS = "seq, id, at, card, pupil, result, minutes_late"


class Taps:
    def __init__(self, path):
        self.db = sqlite3.connect(path, isolation_level=None)  # each statement commits by itself
        self.db.execute("PRAGMA journal_mode=WAL")
        self.db.execute("PRAGMA synchronous=FULL")
        self.db.execute(SCHEMA)

    def close(self):
        self.db.close()

    def add(self, tap):
        """Stored when it returns. Return: its number."""
        return self.db.execute(
            "INSERT INTO tap(id, at, card, pupil, result, minutes_late) VALUES(?, ?, ?, ?, ?, ?)",
            (tap["id"].bytes, tap["at"], tap["card"], tap["pupil"], tap["result"], tap["minutes_late"])
        ).lastrowid

    def undelivered(self):
        return self.db.execute(f"SELECT {COLUMNS} FROM tap WHERE delivered = 0 ORDER BY seq").fetchall()

    def delivered(self, numbers):
        """One transaction for all of them."""
        self.db.execute("BEGIN")
        self.db.executemany("UPDATE tap SET delivered = 1 WHERE seq = ?", ((n,) for n in numbers))
        self.db.execute("COMMIT")

    def since(self, at):
        """Card and time of the taps since then."""
        return self.db.execute("SELECT card, at FROM tap WHERE at >= ? ORDER BY seq", (at,)).fetchall()
