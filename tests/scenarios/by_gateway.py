"""Rows lived through by a whole desk: mail by SMTP, or the command line; a real database."""

import json
import smtplib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import or_, select
from typer.testing import CliRunner

from mailgate import app as app_of_the_program
from mailgate import config as configuration
from mailgate.app import App
from mailgate.cli.program import program
from mailgate.domain import automation
from mailgate.domain.timers import Remaining, time_until_delay
from mailgate.store import heartbeat, outbox, schema, tickets
from tests.peers import settings
from tests.scenarios.people import ADMIN, DESK, EVERYBODY, Post, address, role, said
from tests.scenarios.playing import Step
from tests.scenarios.table import Row, changed


class _Desk:
    """A gateway in a folder, its clock in the hands of the test."""

    def __init__(self, rows: Sequence[Row], config: Path, hands: "Hands") -> None:
        self._rows, self._config, self._hands = rows, config, hands
        self._post = Post()
        self._numbers: dict[str, str] = {}
        self._names: dict[str, str] = {}
        self._told: dict[str, set[str]] = {row.name: set() for row in rows}
        self._seen = 0
        self._waiting: set[int] = set()
        self._stopped = False
        self._began = False
        self.app = self._open()

    def _open(self) -> App:
        return App(configuration.load(self._config, {}), {})

    def close(self) -> None:
        self.app.close()

    def stop(self) -> None:
        """Be down until the clock acts again."""
        self._stopped = True

    def _beat(self, now: datetime) -> None:
        """Let the clock have run until now, unless the gateway was down."""
        if self._began and not self._stopped:
            with self.app.database.write() as connection:
                last = heartbeat.last(connection)
                heartbeat.keep(connection, replace(last, seen_at=now, late=False))
        self._began, self._stopped = True, False

    def _customer(self, row: Row, what: str, now: datetime) -> bytes:
        """Write what a customer says: anew, or as the answer to what they got last."""
        text, to = said(what)
        more = {"auto_submitted": "auto-replied"} if to == "auto" else {}
        if row.name not in self._numbers:
            return self._post.write(address(row), DESK, row.name, text, now, **more)
        last = self._last(row, address(row))
        subject = f"Re: {row.name} [{self._numbers[row.name]}]"
        there = last["context"]["confirm_address"] if to == "confirm" else DESK
        more["in_reply_to"] = last["rfc_id"]
        return self._post.write(address(row), there, subject, text, now, **more)

    def _last(self, row: Row, recipient: str) -> Any:
        """Return the last mail that somebody got about a row."""
        rows = schema.outbox.c
        number = self._numbers[row.name]
        query = (
            select(schema.outbox)
            .join(schema.ticket, schema.ticket.c.id == rows.ticket_id)
            .where(schema.ticket.c.number == number, rows.recipient == recipient)
            .order_by(rows.id.desc())
        )
        with self.app.database.read() as connection:
            found = connection.execute(query).mappings().first()
        assert found is not None, f"{recipient} has heard nothing of {row.name}"
        return found

    def _look(self) -> None:
        """Note which mails have left since the last look."""
        rows = schema.outbox.c
        query = (
            select(rows.id, rows.recipient, rows.state, rows.next_try_at, schema.ticket.c.number)
            .join(schema.ticket, schema.ticket.c.id == rows.ticket_id)
            .where(or_(rows.id > self._seen, rows.id.in_(self._waiting)))
            .order_by(rows.id)
        )
        with self.app.database.read() as connection:
            found = list(connection.execute(query))
        for id_, recipient, state, next_try_at, number in found:
            self._seen = max(self._seen, id_)
            self._waiting.discard(id_)
            if state == outbox.READY and next_try_at > self._hands.now:
                self._waiting.add(id_)  # for the end of quiet hours
                continue
            assert state == outbox.SENT, f"{number} to {recipient}: {state}"
            self._told[self._names[number]].add(role(recipient))

    def told(self, row: Row) -> set[str]:
        self._look()
        told, self._told[row.name] = self._told[row.name], set()
        return told

    def _administer(self, row: Row, what: str) -> None:
        match what.split(" "):
            case ["gives", name]:
                self._run("thresholds", "assign", self._numbers[row.name], name)
            case [("sets" | "unsets") as verb, *words]:
                self._run("thresholds", verb[:-1], *words)
            case ["configures", *_]:
                settings.change(self._config, changed([what.removeprefix("configures ")]))
                self._restart()

    def _restart(self) -> None:
        self.app.close()
        self.app = self._open()

    def _run(self, *words: str, stdin: bytes = b"") -> str:
        named = ["--config", str(self._config), *words]
        done = CliRunner().invoke(program, named, input=stdin, prog_name="mailgate")
        assert done.exit_code == 0, f"{words}: {done.exit_code}\n{done.output}"
        return done.stdout

    def _opened(self, row: Row) -> None:
        """Find the number of a ticket that has just been opened."""
        if row.name in self._numbers:
            return
        query = select(schema.ticket.c.number).where(schema.ticket.c.requester == address(row))
        with self.app.database.read() as connection:
            self._numbers[row.name] = number = connection.execute(query).scalar_one()
        self._names[number] = row.name

    def _loaded(self, row: Row):
        with self.app.database.read() as connection:
            policy = self.app.desk.current(connection).policy
            query = select(schema.ticket.c.id, schema.ticket.c.next_due_at)
            id_, due = connection.execute(
                query.where(schema.ticket.c.number == self._numbers[row.name])
            ).one()
            return tickets.load(connection, 1, [id_])[id_], policy, due


class Hands:
    """The hands of the clock: what the gateway takes for the present."""

    def __init__(self) -> None:
        self.now = datetime.min.replace(tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


class ByMail(_Desk):
    """Everybody writes mails, which come by SMTP; agents answer what they were sent."""

    def __init__(self, rows: Sequence[Row], config: Path, hands: Hands) -> None:
        super().__init__(rows, config, hands)
        self._serve()

    def _serve(self) -> None:
        self.app.inbox.start()
        self.app.listener.start()
        self._wire = smtplib.SMTP("127.0.0.1", self.app.listener.port, "peer.example")

    def close(self) -> None:
        self._wire.close()
        self.app.listener.stop()
        self.app.inbox.stop()
        super().close()

    def _restart(self) -> None:
        self.close()
        self.app = self._open()
        self._serve()
        self.app.clock.refresh(self._hands.now)

    def clock(self, now: datetime) -> list[Step]:
        self._hands.now = now
        self._beat(now)
        done = self.app.clock.tick(now)
        self.app.send()
        return [
            Step(self._names[step.number], step.timer.value, step.target, step.due_at)
            for step in done.steps
        ]

    def do(self, row: Row, what: str, now: datetime) -> None:
        self._hands.now = now
        who, _, rest = what.partition(" ")
        if who == "admin" and not rest.startswith("/"):
            self._administer(row, rest)
        elif who == "customer":
            raw = self._customer(row, what, now)
            self._send(raw)
            self._opened(row)
        else:
            self._send(self._agent(row, who, rest, now))

    def _agent(self, row: Row, who: str, what: str, now: datetime) -> bytes:
        last = self._last(row, EVERYBODY[who])
        text = {
            "answers": "Is it plugged in?",
            "notes": "/note\nThey call every day.",
            "resolves with words": "/resolve\nThe new cable does it.",
        }.get(what, what)
        to, subject = last["context"]["reply_address"], f"Re: {row.name}"
        return self._post.write(EVERYBODY[who], to, subject, text, now)

    def _send(self, raw: bytes) -> None:
        headers = raw.decode().split("\r\n\r\n", 1)[0].split("\r\n")
        named = dict(line.split(": ", 1) for line in headers)
        sender = "" if "Auto-Submitted" in named else named["From"]
        refused = self._wire.sendmail(sender, [named["To"]], raw)
        assert not refused
        self.app.process()
        self.app.send()

    def standing(self, row: Row, now: datetime) -> tuple[str, Remaining | None, datetime | None]:
        ticket, policy, due = self._loaded(row)
        return automation.status_of(ticket), time_until_delay(ticket, policy, now), due


class _Kept(App):
    """A gateway that stays open from one command to the next: to open it costs most of each."""

    def close(self) -> None:
        """Stay open."""

    def end(self) -> None:
        """Close it after all."""
        super().close()


class ByCommands(_Desk):
    """Customers' mails are delivered through a pipe; staff and the clock use the command line."""

    def _open(self) -> App:
        return _Kept(configuration.load(self._config, {}), {})

    def close(self) -> None:
        self.app.end()

    def _restart(self) -> None:
        self.close()
        self.app = self._open()

    def _run(self, *words: str, stdin: bytes = b"") -> str:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(app_of_the_program, "App", lambda _config, _environ: self.app)
            return super()._run(*words, stdin=stdin)

    def clock(self, now: datetime) -> list[Step]:
        self._hands.now = now
        self._beat(now)
        done = json.loads(self._run("tick", "--json"))
        return [
            Step(
                self._names[step["number"]],
                step["timer"],
                step["target"],
                datetime.fromisoformat(step["due_at"]),
            )
            for step in done["steps"]
        ]

    def do(self, row: Row, what: str, now: datetime) -> None:
        self._hands.now = now
        who, _, rest = what.partition(" ")
        if who == "admin" and not rest.startswith("/"):
            self._administer(row, rest)
        elif who == "customer":
            raw = self._customer(row, what, now)
            self._run("deliver", stdin=raw)
            self.app.process()
            self.app.send()
            self._opened(row)
        else:
            self._staff(self._numbers[row.name], who, rest)

    def _staff(self, number: str, who: str, what: str) -> None:
        by = ("--as", ADMIN if who == "admin" else who)
        match what.split(" "):
            case ["answers"]:
                self._run("reply", number, *by, "--text", "Is it plugged in?")
            case ["notes"]:
                self._run("reply", number, *by, "--note", "--text", "They call every day.")
            case ["resolves", *_]:
                self._run("resolve", number, *by, "--text", "The new cable does it.")
            case ["/threshold", *times]:
                self._run("thresholds", "own", number, *times, *by)
            case ["/take"]:
                self._run("assign", number, "me", *by)
            case ["/escalate", *reason]:
                self._run("escalate", number, "--reason", " ".join(reason), *by)
            case ["/reject", *reason]:
                self._run("reject", number, " ".join(reason), *by)
            case [command, *words]:
                self._run(command.removeprefix("/"), number, *words, *by)

    def standing(self, row: Row, now: datetime) -> tuple[str, Remaining | None, datetime | None]:
        shown = json.loads(self._run("show", self._numbers[row.name], "--json"))
        left, due = shown["time_until_delay"], shown["next_due_at"]
        remaining = left and Remaining(**left)
        return shown["automation_status"], remaining, due and datetime.fromisoformat(due)
