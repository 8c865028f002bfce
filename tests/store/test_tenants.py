"""Tenants share nothing: no reference leads across, and no query forgets whose rows it asks for."""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, ForeignKeyConstraint, Table
from sqlalchemy.exc import IntegrityError

import mailgate.store
from mailgate.domain.canary import Rounds
from mailgate.domain.figures import Built
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.policy import Level, Policy, Row, RowType, resolve
from mailgate.errors import Conflict
from mailgate.store import audit, inbox, policies, schema, tickets
from mailgate.store.backlog import Backlog
from mailgate.store.drafts import Draft
from mailgate.store.history import Old
from mailgate.store.jobs import LastRun
from mailgate.store.mailboxes import Brake, Copy, Cursor, Watched
from mailgate.store.moving import Move
from mailgate.store.reports import Wanted
from mailgate.store.ways import Broken
from tests.store.databases import OTHER, TENANT, add_other_tenant
from tests.store.rows import NOW, every, notice, plant
from tests.store.tenantless import WITHOUT_TENANT

SHARED = {
    "tenant": "is what the others are told apart by",
    "sequence": "gives out ids that are unique over all tenants",
    "mail": "keeps raw bytes once, whoever they came to; `mail_delivery` says whose they are",
    "policy": "keeps snapshots of rules once, whoever goes by them",
    "heartbeat": "tells whether this installation runs",
}
SCOPED = [table for table in schema.metadata.tables.values() if table.name not in SHARED]

# Columns that name rows and are no references: what they name is of several kinds, or elsewhere.
NAMES_NO_ROW = {
    "subject_id": "of the kind that subject_kind says",
    "actor_id": "a name or an address",
    "rfc_id": "a Message-ID",
    "content_id": "a name within a mail",
}

HOUR = timedelta(hours=1)
CAROL = "carol@customer.example"
NOBODY = "nobody@customer.example"


# --- references -----------------------------------------------------------------------------------


# Every reference from a row of a tenant to a row of a tenant.
REFERENCES = [
    (table, key)
    for table in SCOPED
    for key in sorted(table.foreign_key_constraints, key=lambda key: key.column_keys)
    if key.referred_table.name not in SHARED
]


def named(case: tuple[Table, ForeignKeyConstraint]) -> str:
    return f"{case[0].name}.{','.join(case[1].column_keys)}"


def test_every_table_has_a_tenant_or_a_reason_for_none():
    without = {t.name for t in schema.metadata.tables.values() if "tenant_id" not in t.columns}
    assert without == SHARED.keys()


def test_every_row_of_a_tenant_names_one_that_exists():
    for table in SCOPED:
        assert not table.columns.tenant_id.nullable
        (target,) = {
            key.column.table.name
            for key in table.columns.tenant_id.foreign_keys
            if key.constraint is not None and len(key.constraint.elements) == 1
        }
        assert target == "tenant"


@pytest.mark.parametrize("case", REFERENCES, ids=named)
def test_a_reference_within_a_tenant_carries_the_tenant(case):
    pairs = [(each.parent.name, each.column.name) for each in case[1].elements]
    assert ("tenant_id", "tenant_id") in pairs
    assert len(pairs) == 2


def test_every_column_that_names_a_row_is_a_reference():
    loose = {
        column.name
        for table in schema.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_id") and not column.foreign_keys
    }
    assert loose == NAMES_NO_ROW.keys()


@pytest.mark.parametrize("case", REFERENCES, ids=named)
def test_a_reference_to_a_row_of_another_tenant_is_refused(database, case):
    table, key = case
    add_other_tenant(database)
    (column,) = [name for name in key.column_keys if name != "tenant_id"]
    (target,) = [each.column for each in key.elements if each.column.name != "tenant_id"]
    with database.write() as connection:
        row = plant(connection, key.referred_table, TENANT)
        with connection.begin_nested() as own:
            plant(connection, table, TENANT, **{column: row[target.name]})
            own.rollback()
    with pytest.raises(IntegrityError), database.write() as connection:
        plant(connection, table, OTHER, **{column: row[target.name]})


# --- queries --------------------------------------------------------------------------------------

# What a function may return to a tenant that has nothing.
NOTHING = {"backlog.read": Backlog(0, None, 0, 0, 0, None, 0, None), "numbers.lock": 1}
NOTHING |= {"canaries.rounds": Rounds()}
NOTHING |= {"shortages.begin": True}
NOTHING |= {"mailboxes.brake": Brake()}
NOTHING |= {"mailboxes.take": 1, "mailboxes.states": {"support": Watched(None, None)}}


def functions() -> dict[str, Callable[..., Any]]:
    """Every public function of the store that is given a connection."""
    found = {}
    for module in pkgutil.iter_modules(mailgate.store.__path__):
        if module.ispkg:
            continue
        loaded = importlib.import_module(f"mailgate.store.{module.name}")
        for name, function in inspect.getmembers(loaded, inspect.isfunction):
            ours = function.__module__ == loaded.__name__ and not name.startswith("_")
            if ours and "connection" in inspect.signature(function).parameters:
                found[f"{module.name}.{name}"] = function
    return found


FUNCTIONS = functions()
OF_A_TENANT = sorted(FUNCTIONS.keys() - WITHOUT_TENANT.keys())


# What to say for each parameter, whichever function has it, where it names no row.
SAID: dict[str, Any] = {
    "address": NOBODY,
    "addresses": [CAROL, NOBODY],
    "after": 0,
    "but": (),
    "count": 1000,
    "digests": ["d"],
    "format_": NumberFormat("T-{seq}"),
    "at": NOW + HOUR,
    "before": NOW + HOUR,
    "fingerprints": ["f"],
    "free": 99,
    "fresh": frozenset(),
    "held": frozenset(),
    "id_": None,  # each of the ids, one after the other
    "last": 1_000_000_000,
    "first": 0,
    "made": Built(NOW, HOUR, 1, "UTC", 7),
    "gone": [],
    "new": [("agent", "bob", "request", 1, 1, 0)],
    **{f"figures.{each}.name": "workload" for each in ("built", "kept", "put")},
    "lease": HOUR,
    "lock": True,
    "most": 50,
    "new_id": 1_000_000_000,
    "notice": "received",
    "now": NOW + HOUR,
    "numbers": ["TKT-1"],
    "octets": 1_000_000,
    "says": "stopped",
    "node": "one",
    "run": LastRun("rules", "one", NOW + HOUR, 1, {}, "gone"),
    "way": Broken("one", NOW, "421 closing", NOW + HOUR),
    "owner": "node",
    "requester": CAROL,
    "requesters": [CAROL],
    "people": {CAROL: ("Mallory", NOW + HOUR)},
    "period": "",
    "given": [Row(Level.TENANT, RowType.CUSTOM, "vip", {"calendar": ""})],
    "level": Level.TENANT,
    "type_": RowType.CUSTOM,
    "name": "vip",
    "queue": "default",
    "people.suspend.reasons": {"another@x.example": "gone"},
    "reason": "held",
    "rfc_ids": ["<q@x>"],
    "scope": audit.Scope(),
    "since": NOW - HOUR,
    "side": "client",
    "size": 10,
    "table": schema.mail_delivery,
    "aside.set_aside.state": inbox.PARKED,
    "aside.put_back.state": inbox.PARKED,
    "template": "T-{seq}",
    "until": NOW + HOUR,
    "wanted": Wanted(),
    "tickets.next_timer.after": NOW - HOUR,
}


def of_mailboxes() -> dict[str, Any]:
    """Return what to say for the parameters of what keeps shared mailboxes."""
    return {
        "alone": False,
        "copies": [Copy("INBOX", 1, 8, "j", None)],
        "fault": "away",
        "fence": 0,
        "folder": "INBOX",
        "uidvalidity": 1,
        "uids": [7],
        "granted_for": "g",
        "identities": ["i"],
        "looked_at": NOW,
        "mailbox": "support",
        "mails": [Old("<old2@x>", "<old@x>", NOBODY, [NOBODY], NOW)],
        "names": ["support"],
        "history.thread.name": "<old@x>",
        "read": {"INBOX": Cursor(2, 9, 0, 9, NOW)},
        "token": "another",
        "mailboxes.stop.mailbox": "sales",
        "filing.let_go.mailboxes": ["another"],
    }


_WAITING = {"next_try_at": NOW + 2 * HOUR, "verdict": {"author": "alice", "text": "words"}}
_WAITING |= {"road": inbox.SUBMISSION, "rfc_id": "<held@x>"}


def _plant_mailbox(put: Callable[..., dict[str, Any]], said: int, ticket_id: int, old: int) -> None:
    watched = {
        "lease_owner": "node",
        "refresh_token": "t",
        "granted_for": "g",
        "looked_at": NOW,
        "prepared_after": 1,
        "goes_on": True,
        "stopped_at": NOW,
    }
    put(schema.imap_mailbox, name="support", **watched)
    put(schema.imap_mailbox, name="sales", stopped_at=None)
    put(schema.imap_folder, mailbox="support", name="INBOX", uidvalidity=1)
    copy = {"mailbox": "support", "folder": "INBOX", "uidvalidity": 1, "uid": 7}
    mail_id = put(schema.mail)["id"]
    put(schema.imap_copy, **copy, identity="i", mail_id=mail_id)
    taken = {"mail_id": mail_id, "road": "imap", "peer": "support", "state": "threaded"}
    put(schema.mail_delivery, **taken, done_at=NOW)
    words = {"kind": "public", "side": "client", "rfc_id": "<asked@x>", "mail_id": mail_id}
    put(schema.message, **words, ticket_id=old, at=NOW)
    put(schema.imap_history, rfc_id="<q@x>", thread="<old@x>")
    filing = {"mailbox": "support", "next_try_at": NOW, "raw": b"words"}
    put(schema.imap_filing, message_id=said, **filing)
    begun = {"ticket_id": ticket_id, "uidvalidity": 1, "uid": 7}
    put(schema.imap_prepared, message_id=said, mailbox="support", **begun)
    put(schema.imap_draft, mailbox="support", uidvalidity=1, uid=7, ticket_id=ticket_id, since=NOW)


def _plant_of_staff(connection: Connection, cause: int, rules: int) -> int:
    day = {"subject_kind": "digest", "subject_id": 20261127, "policy_id": rules}
    plant(connection, schema.event, TENANT, **day)
    month = day | {"subject_kind": "month", "subject_id": 202611}
    plant(connection, schema.event, TENANT, **month)
    plant(connection, schema.shortage, TENANT, cause="team billing")
    plant(connection, schema.figure_set, TENANT, name="workload", version=6)
    plant(connection, schema.workload_figure, TENANT, holder="agent")
    plant(connection, schema.dashboard_figure, TENANT, about="automation")
    plant(connection, schema.daily_figure, TENANT)
    staff = {"recipient": "alice@agents.example", "role": "agent", "automatic": True}
    return notice(connection, event_id=cause, notice="joined", next_try_at=NOW + 2 * HOUR, **staff)


def _plant_clock(put: Callable[..., dict[str, Any]], subject: dict[str, Any]) -> None:
    """Plant a deadline that has come, and one that was acted on."""
    put(schema.timer, **subject, kind="reminder", turn=1, step=0, due_at=NOW)
    acted = {"turn": 1, "step": 1, "due_at": NOW + 2 * HOUR, "fired_at": NOW}
    put(schema.timer, **subject, kind="reminder", **acted)
    put(schema.event, **subject, n=3, name="deadline.passed")


def _plant_notices(connection: Connection, sending: dict[str, Any], message: int) -> list[int]:
    """Return the ids of notices: ready, never sent, sent, waiting, and carrying a message."""
    carrying = {"notice": "new_message", "automatic": False, "message_id": message}
    return [
        notice(
            connection, notice="received", automatic=True, stranger=True, awaited=True, **sending
        ),
        notice(connection, state="never", notice="other", **sending),
        notice(connection, state="sent", notice="resolved", **sending),
        notice(connection, notice="changed", next_try_at=NOW + 2 * HOUR, **sending),
        notice(connection, **carrying, **sending),
    ]


class Life:
    """What one tenant has: a bit of everything, and the words by which it can be asked for."""

    def __init__(self, connection: Connection) -> None:
        def put(table: Table, **columns: Any) -> dict[str, Any]:
            return plant(connection, table, TENANT, **columns)

        facts = {
            "kind": "request",
            "priority": "normal",
            "status": "open",
            "fields": [],
            "records": [],
            "own_times": [],
            "joined": [],
        }
        facts |= {"delay": "none", "disposition": "none", "requester": CAROL}
        rules = put(schema.policy, body=policies.body(Policy(*resolve())))["id"]
        facts |= {"policy_id": rules, "thresholds": "vip"}
        put(schema.threshold, level="tenant", type="custom", name="vip", durations={})
        old = put(schema.ticket, **facts)["id"]
        more = {"follows": old, "assignee": "alice", "waiting_since": NOW}
        ticket = put(schema.ticket, **facts, number="TKT-1", **more)
        self.ticket, self.version = ticket["id"], ticket["version"]
        said = {"ticket_id": self.ticket, "kind": "public", "at": NOW}
        put(schema.message, **said | {"ticket_id": old}, side="client")
        asked = put(schema.message, **said, side="client", rfc_id="<q@x>")["id"]
        self.said = put(schema.message, **said, side="system")["id"]
        put(schema.attachment, message_id=asked)
        self.rules = rules
        subject = {"subject_kind": tickets.TICKET, "subject_id": self.ticket}
        put(schema.event, **subject, n=2, name="ticket.assigned")
        cause = put(schema.event, **subject, n=1, policy_id=rules, data={"proved": False})["id"]
        put(schema.turn, ticket_id=self.ticket)
        self.timer = (self.ticket, "reminder", 1, 0)
        _plant_clock(put, subject)
        put(schema.reference, rfc_id="<q@x>", ticket_id=self.ticket)
        put(schema.reference, rfc_id="number:[#1]", ticket_id=self.ticket)
        put(schema.contact, address=CAROL)
        put(schema.suspension, address=NOBODY)
        put(schema.broken_way, node="one", since=NOW, seen_at=NOW + HOUR)
        put(schema.agent_state, name="alice", seen_at=NOW)
        put(schema.job_run, name="rules", node="one", began_at=NOW, result={"followed": 3})
        _plant_mailbox(put, self.said, self.ticket, old)
        put(schema.number_sequence, template="T-{seq}", period="", next=7)
        ended = {"queue": "default", "done_at": NOW, "ticket_id": self.ticket}
        ended |= {"mail_id": put(schema.mail, digest="d")["id"], "recipients": [CAROL]}
        threaded = put(schema.mail_delivery, state="threaded", fingerprint="f", **ended)["id"]
        put(schema.event, subject_kind="mail", subject_id=threaded, policy_id=rules)
        put(schema.message, **said, side="client", mail_id=ended["mail_id"])
        parked = put(schema.mail_delivery, state="parked", done_at=NOW)["id"]
        spam = {"state": "quarantined", "mail_from": CAROL, "done_at": NOW}
        marked = put(schema.mail_delivery, **spam)["id"]
        pending = put(schema.mail_delivery, received_at=NOW, rfc_id="<q@x>")["id"]
        self.claimed = inbox.claim(connection, TENANT, "dead", NOW - HOUR, HOUR / 2, 50, 1_000_000)
        put(schema.mail_delivery, ticket_id=self.ticket, **_WAITING)
        sending = {"ticket_id": self.ticket, "event_id": cause, "recipient": CAROL}
        *told, self.carrying = _plant_notices(connection, sending, asked)
        self.move = Move(asked, self.ticket, old, "<q@x>", ended["mail_id"])
        flying = put(schema.canary, sent_at=NOW)["id"]
        missing = put(schema.canary, sent_at=NOW - HOUR, missed_at=NOW)["id"]
        self.ids = [old, self.ticket, threaded, parked, marked, pending, *told, asked]
        self.ids += [flying, missing, _plant_of_staff(connection, cause, rules)]

    def arguments(self) -> dict[str, Any]:
        """Return what to say for each parameter, whichever function has it."""
        (c,) = self.claimed
        return SAID | {
            "back": dict.fromkeys(self.ids, NOW + HOUR),
            "claimed": self.claimed,
            "own": 0,
            "fired": [self.timer],
            "message_id": self.said,
            "ticket_ids": [self.ticket],
            "columns": {"uid": 8},
            "reached": 99,
            "preparing.question.ticket_id": self.ids[0],
            "went": [Draft(1, 7, self.ticket, NOW)],
            "ids": self.ids,
            "pairs": [("<q@x>", self.ticket)],
            "policy_id": self.rules + 1,
            "tickets.reschedule.policy_id": self.rules,
            "outbox.failed.reasons": dict.fromkeys(self.ids, "gone"),
            "inbox.claim_again.mail": c,
            "inbox.came_by.earlier": c.id,
            "inbox.came_by.fingerprint": "f" * 64,
            "inbox.roads.digest": "d",
            "answers.hold.mail": c,
            "answers.handed_in.rfc_id": "<held@x>",
            "answers.hold.said": ("alice", "words"),
            "answers.sent.span": (NOW - timedelta(days=1), NOW + timedelta(days=1)),
            "answers.sent.but": 0,
            "mailboxes.kept_at.mail_ids": [c.mail_id],
            "inbox.settle.rows": [{"id": c.id, "fence": c.fence, "state": "report"}],
            "tickets.reschedule.rows": [(self.ticket, self.version, NOW)],
            "ticket_id": self.ticket,
            "clocked.history.version": 9,
            "timers": {self.ticket: ()},
            "tickets": [self.ticket],
            "holding.loads.names": ["alice"],
            "holding.held_since.name": "alice",
            "holding.held_by.name": "alice",
            "holding.awaiting.name": "alice",
            "digests.last.until": 20261127,
            "monthly.is_reported.number": 202611,
            "tickets.numbered.number": "TKT-1",
            "gathering.happened.begin": NOW - HOUR,
            "end": NOW + HOUR,
            "holding.given_at.ids": [self.ticket],
            "agents.note.signs": [("alice", NOW + HOUR)],
            "agents.note.away": [("alice", NOW + HOUR, NOW)],
            "teams": None,
            "cause": "team printers",
            "causes": ["team billing"],
            "joining.waiting.addresses": ["alice@agents.example"],
            "joining.sent_to_staff.addresses": ["alice@agents.example"],
            "context": {"tickets": []},
            "moving.carried.notice_id": self.carrying,
            "moving.of_mail.rfc_id": "<q@x>",
            "moving.recipients.mail_id": self.move.mail_id,
            "recorded.elsewhere.mail_id": self.move.mail_id,
            "moves": [self.move],
            **of_mailboxes(),
        }

    def call(self, connection: Connection, name: str, tenant_id: int) -> list[Any]:
        """Return what a function returns to a tenant, once for each id if it takes one."""
        function, given = FUNCTIONS[name], self.arguments()
        given |= {key.rpartition(".")[2]: given[key] for key in given if key.startswith(f"{name}.")}
        parameters = inspect.signature(function).parameters.values()
        unknown = [p.name for p in parameters if p.default is p.empty and p.name not in given]
        assert sorted(unknown) == ["connection", "tenant_id"], f"say here what they are: {unknown}"
        named = {p.name: given[p.name] for p in parameters if p.name in given}
        results = []
        for id_ in self.ids if "id_" in named else [None]:
            each = named | ({"id_": id_} if "id_" in named else {})
            try:
                result = function(connection, tenant_id, **each)
            except Conflict:  # somebody else's, says the store
                result = None
            results.append(list(result) if isinstance(result, Iterator) else result)
        return results


def is_nothing(name: str, result: object) -> bool:
    if result == NOTHING.get(name):
        return True
    return not any(result.values()) if isinstance(result, dict) else not result


def rows_of(connection: Connection, tenant_id: int) -> dict[str, list[dict[str, Any]]]:
    return {
        table.name: [row for row in every(connection, table) if row["tenant_id"] == tenant_id]
        for table in SCOPED
    }


def test_every_function_asks_for_a_tenant_or_says_why_not():
    asking = {n for n, f in FUNCTIONS.items() if "tenant_id" in inspect.signature(f).parameters}
    assert set(OF_A_TENANT) == asking
    assert WITHOUT_TENANT.keys() == FUNCTIONS.keys() - asking


@pytest.mark.parametrize("name", OF_A_TENANT)
def test_a_function_shows_a_tenant_nothing_of_another_and_changes_nothing_there(sqlite, name):
    add_other_tenant(sqlite)
    with sqlite.write() as connection:
        life = Life(connection)
        before = rows_of(connection, TENANT)
        for result in life.call(connection, name, OTHER):
            assert is_nothing(name, result), result
        assert rows_of(connection, TENANT) == before


@pytest.mark.parametrize("name", OF_A_TENANT)
def test_the_same_question_has_an_answer_for_the_tenant_whose_rows_they_are(sqlite, name):
    with sqlite.write() as connection:
        life = Life(connection)
        before = rows_of(connection, TENANT)
        results = life.call(connection, name, TENANT)
        changed = rows_of(connection, TENANT) != before
        assert changed or not all(is_nothing(name, result) for result in results)
