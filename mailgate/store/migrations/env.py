"""Runs migrations on the connection that `mailgate.store.migrate` hands over."""

from alembic import context

from mailgate.store.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    compare_type=True,
    render_as_batch=True,
    transaction_per_migration=False,
)
context.run_migrations()
