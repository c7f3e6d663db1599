"""The table that the views of app.py read: made once, as a release command."""

import os

from sqlalchemy import create_engine, text

with create_engine(os.environ["DATABASE_URL"]).begin() as connection:
    connection.execute(text("CREATE TABLE IF NOT EXISTS words (id INTEGER PRIMARY KEY, word VARCHAR(20))"))
    if not connection.execute(text("SELECT count(*) FROM words")).scalar_one():
        for number in range(1000):
            connection.execute(text(f"INSERT INTO words VALUES ({number}, 'word {number}')"))
