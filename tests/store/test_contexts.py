"""What fills a notice comes out of both stores whole, and takes no room for what is not in it."""

import pytest
from sqlalchemy import JSON, Column, Integer, MetaData, Table, select, type_coerce

from mailgate.store.contexts import Context, blank

kept = Table("kept", MetaData(), Column("n", Integer), Column("context", Context))
SOME = {"more": True, "remarks": [{"kind": "late"}], "rated": 0, "due_at": None}


@pytest.fixture
def connection(database):
    """A connection to a database with the table `kept`, in a transaction that is taken back."""
    with database.rehearse() as found:
        kept.create(found)
        yield found


@pytest.mark.parametrize(
    ("given", "at_rest", "found"),
    [
        (blank(), {}, blank()),
        (blank() | SOME, SOME, blank() | SOME),
        (
            {"ticket": {"team": None}},
            {"ticket": {"team": None}},
            blank() | {"ticket": {"team": None}},
        ),
        ([], [], []),
    ],
)
def test_what_is_blank_is_left_out_and_put_back(connection, given, at_rest, found):
    connection.execute(kept.insert(), [{"n": 1, "context": given}])
    assert connection.execute(select(kept.c.context)).scalar() == found
    assert connection.execute(select(type_coerce(kept.c.context, JSON))).scalar() == at_rest


def test_what_is_put_back_is_nobody_elses(connection):
    connection.execute(kept.insert(), [{"n": n, "context": {}} for n in (1, 2)])
    one, other = connection.execute(select(kept.c.context)).scalars()
    one["tickets"].append("told")
    assert other == blank()
