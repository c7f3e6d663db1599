"""How Alembic reaches the database: through the app, so that there is one place that says where it is."""

from alembic import context
from flask import current_app

engine = current_app.extensions["migrate"].db.engine

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=current_app.extensions["migrate"].db.metadata,
        render_as_batch=True,  # SQLite can't alter most things: a batch makes the table anew
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
