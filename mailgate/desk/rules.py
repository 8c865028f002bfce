"""By which rules tickets are decided: those in force, and those that deadlines go by still."""

from collections.abc import Iterator

from sqlalchemy import Connection

from mailgate.desk.settings import Settings
from mailgate.domain.policy import Policy
from mailgate.store import policies


class Rules:
    """The rules as one transaction knows them, each looked up once."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self._connection, self._settings = connection, settings
        self._id: int | None = None
        self._former: dict[int, Policy | None] = {}

    def in_force(self) -> int:
        """Return the id of the rules in force; 0 while they have never been kept."""
        if self._id is None:
            self._id = policies.find(self._connection, self._settings.rules) or 0
        return self._id

    def former(self, policy_id: int | None) -> Policy | None:
        """Return the rules that a ticket's deadlines go by."""
        if policy_id is not None and policy_id not in self._former:
            self._former[policy_id] = policies.load(self._connection, policy_id)
        return None if policy_id is None else self._former[policy_id]

    def keep(self, ids: Iterator[int]) -> int:
        """Keep the rules in force, which have never been kept; return their id."""
        self._id = policies.keep(self._connection, ids, self._settings.rules)
        return self._id
