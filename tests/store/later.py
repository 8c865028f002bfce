"""The next version of the program: it has one more migration."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mailgate.store import migrate

_LATER = '''"""A migration as later ones may be: it replaces a table that others refer to."""

import sqlalchemy as sa
from alembic import op

revision = "9000"
down_revision = "{newest}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("ticket", recreate="auto") as batch:
        batch.add_column(sa.Column("mood", sa.Text(), nullable=False, server_default="calm"))
        batch.alter_column("satisfaction", existing_type=sa.Integer(), type_=sa.BigInteger())
    {end}
'''


def one_more(folder: Path, patch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return a function that adds a migration, which ends in the line it is given."""
    shutil.copytree(migrate._PLACE, folder)
    newest = migrate.newest()

    def add(end: str = "pass") -> None:
        script = _LATER.format(newest=newest, end=end)
        (folder / "versions" / "9000_later.py").write_text(script)
        patch.setattr(migrate, "_PLACE", folder)

    return add
