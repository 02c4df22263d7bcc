"""Alembic's environment: the connection and its transaction are the caller's."""

from alembic import context

context.configure(**context.config.attributes["context"])
context.run_migrations()
