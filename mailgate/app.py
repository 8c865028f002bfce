"""The one place where everything is put together; it reads like the story of a start."""

import os
import secrets
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path

import mailgate
from mailgate import config as configuration
from mailgate import shared
from mailgate.bells import Bells
from mailgate.config import Config
from mailgate.delivery.ending import Rules
from mailgate.delivery.letter import Writer
from mailgate.delivery.maildir import MaildirTransport
from mailgate.delivery.smtp import Smarthost, SmarthostSettings, Tls
from mailgate.delivery.terminal import TerminalTransport
from mailgate.delivery.transport import Never, Outgoing, Sent, Transport
from mailgate.delivery.worker import Worker as DeliveryWorker
from mailgate.desk.clock import Clock, Tick
from mailgate.desk.ledger import Desk
from mailgate.desk.settings import Settings
from mailgate.domain.caps import HOUR, Caps
from mailgate.domain.model import Priority
from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.domain.people import Agent, Staff
from mailgate.domain.routing import Route, Routing
from mailgate.errors import Permanent, Refused, Temporary
from mailgate.imap.survey import Said, survey
from mailgate.intake.authentication import Authenticator
from mailgate.intake.catchup import Catchup
from mailgate.intake.child import Child
from mailgate.intake.disk import Disk
from mailgate.intake.imap import Watcher, Watchers
from mailgate.intake.inbox import Inbox, Incoming
from mailgate.intake.mailbox import Mailbox
from mailgate.intake.reading import Reader
from mailgate.intake.rehearsal import Rehearsed, rehearse
from mailgate.intake.resolver import system_resolver
from mailgate.intake.settings import SmtpSettings
from mailgate.intake.smtp import Listener
from mailgate.intake.verification import Verifier
from mailgate.intake.worker import Worker as IntakeWorker
from mailgate.log import log
from mailgate.mail.address import normalise
from mailgate.mail.alert import MachineSender
from mailgate.mail.border import Border
from mailgate.mail.parse import Limits
from mailgate.mail.render import Renderer
from mailgate.mail.signer import Signer
from mailgate.roles import NodeRole
from mailgate.scheduler import Job, Scheduler
from mailgate.store import migrate, numbers, outbox
from mailgate.store.db import Database

TENANT, TENANT_ID, QUEUE = "default", 1, "default"

_HELD = timedelta(minutes=1)
"""A mail that waits for longer than this is worth a line when the clock waits for it."""


def now() -> datetime:
    """Return the present instant, aware UTC: the only clock of the program."""
    return datetime.now(UTC)


def templates() -> list[Path]:
    """Return the folders of mail templates: installed with the package, or beside it."""
    package = Path(mailgate.__file__).parent
    places = (package / "templates" / "mail", package.parent / "templates" / "mail")
    return [place for place in places if place.is_dir()]


class App:
    """One configured gateway; its parts are built when they are first asked for."""

    def __init__(self, config: Config, environ: Mapping[str, str]) -> None:
        self.config = config
        self._environ = environ
        self.bells = Bells()
        self._holding: datetime | None = None
        self._alarmed: datetime | None = None
        self.owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"

    # --- what everything else stands on ---

    @cached_property
    def database(self) -> Database:
        """The database, at the schema this version needs."""
        database = Database(self.config.database.url.get_secret_value())
        with database.read() as connection:
            before = migrate.revision(connection)
        after = migrate.upgrade(database)
        if before != after:
            log("store.migrated", before=before, after=after)
        return database

    @cached_property
    def signer(self) -> Signer:
        """Signs addresses and Message-IDs with the keys of [desk] secret_file."""
        keys = configuration.signing_keys(self.config, self._environ)
        return Signer(
            keys.keys,
            keys.current,
            self.config.desk.address.rpartition("@")[2],
            self.config.desk.subaddress_delimiter,
            self.config.limits.signed_addresses.days,
        )

    @cached_property
    def settings(self) -> Settings:
        """The desk as the write door knows it."""
        desk, limits = self.config.desk, self.config.limits
        return Settings(
            name=desk.name,
            address=desk.address,
            policy=self.config.policy(),
            number_format=NumberFormat(desk.number_format),
            staff=self._staff(),
            zone=desk.timezone,
            language=desk.language,
            tenant_id=TENANT_ID,
            caps=Caps(
                per_ticket=(
                    (limits.automatic_in_10m, timedelta(minutes=10)),
                    (limits.automatic_in_30m, timedelta(minutes=30)),
                    (limits.automatic_in_60m, timedelta(minutes=60)),
                ),
                per_address_day=limits.automatic_in_a_day,
                strangers_hour=limits.acknowledgements_to_strangers,
            ),
            new_tickets_an_hour=limits.new_tickets_an_hour,
            categories=desk.categories,
            customer_max_priority=Priority(desk.customer_max_priority),
            number_needs=self.config.trust.number_needs,
            new_people=limits.new_people,
            mailboxes=frozenset(box.name for box in self.config.mailboxes if box.host),
            outbound=frozenset(box.name for box in self.config.mailboxes if box.outbound),
        )

    def _staff(self) -> Staff:
        return Staff(
            agents=tuple(
                Agent(a.name, a.address, a.full_name, a.admin, a.language)
                for a in self.config.agents
            ),
            teams={team.name: team.members for team in self.config.teams},
            admins=self.config.desk.admins,
        )

    @cached_property
    def desk(self) -> Desk:
        """The write door."""
        return Desk(self.database, self.settings, self.signer)

    @cached_property
    def clock(self) -> Clock:
        """The deadlines."""
        return Clock(self.desk)

    # --- mail in ---

    @cached_property
    def routing(self) -> Routing:
        """The desk's addresses."""
        desk = self.config.desk
        return Routing(
            {address: Route(TENANT, QUEUE, address) for address in self.config.desk_addresses},
            desk.subaddress_delimiter,
        )

    def route(self, address: str) -> Route | None:
        """Return where mail to an address goes; the postmaster is ours (RFC 5321 4.5.1)."""
        desk = self.config.desk.address
        if address.lower() in ("postmaster", f"postmaster@{desk.rpartition('@')[2]}"):
            return self.routing.find(desk)
        try:
            return self.routing.find(normalise(address))
        except Refused:
            return None

    @cached_property
    def inbox(self) -> Inbox:
        """Where mails are kept."""
        path = self.database.path
        return Inbox(
            self.database,
            self.route,
            lambda _tenant: TENANT_ID,
            lambda: self.bells.ring(NodeRole.PROCESS),
            Disk(path and path.parent, self.config.inbound.free_disk),
        )

    @cached_property
    def reader(self) -> Reader:
        """Reads mails for this desk."""
        desk = self.config.desk
        with self.database.read() as connection:
            used = numbers.templates(connection, TENANT_ID)
        formats = dict.fromkeys((desk.number_format, *desk.number_formats_used, *used))
        return Reader(
            signer=self.signer,
            numbers=NumberReader(NumberFormat(template) for template in formats),
            addresses=frozenset(self.routing.addresses),
            own_lists=frozenset(self.config.inbound.own_lists),
            delimiter=desk.subaddress_delimiter,
            limits=self._limits(),
            read_odd=Child(
                self.config.limits.processing_time, self.config.limits.processing_memory
            ).read,
            authenticator=self.authenticator,
            machine_senders={
                machine.address: MachineSender(machine.problem, machine.state, machine.resolved)
                for machine in self.config.machine_senders
            },
            staff=frozenset(self.settings.staff.by_address),
        )

    @cached_property
    def authenticator(self) -> Authenticator:
        """Finds how far a sender can be believed."""
        trust, limits = self.config.trust, self._limits()
        verifier = None
        if trust.verify:
            verifier = Verifier(system_resolver(), trust.verify_within.total_seconds(), limits)
        return Authenticator(
            border=Border(frozenset(trust.authserv_ids), trust.border_hops),
            relays=self.config.limits.trusted_relays,
            verifier=verifier,
            sealers=frozenset(trust.arc_sealers),
            limits=limits,
        )

    def _limits(self) -> Limits:
        limits = self.config.limits
        return Limits(
            size=self.config.inbound.max_size,
            header_block=limits.header_block,
            header=limits.header,
            headers=limits.headers,
            parts=limits.parts,
            depth=limits.depth,
            attachments=limits.attachments,
            name=limits.attachment_name,
            addresses=limits.addresses,
            encoded_words=limits.encoded_words,
            references=limits.references,
            subject=limits.subject,
            text=limits.text,
            links=limits.links,
        )

    @cached_property
    def intake(self) -> IntakeWorker:
        """Turns mails into events."""
        return IntakeWorker(
            self.desk,
            self.reader,
            self.signer,
            now,
            self.owner,
            lambda: self.bells.ring(NodeRole.DELIVER),
        )

    @cached_property
    def listener(self) -> Listener:
        """The ports for mail."""
        inbound, limits = self.config.inbound, self.config.limits
        return Listener(
            SmtpSettings(
                host=inbound.listen.host,
                port=inbound.listen.port,
                hostname=inbound.hostname,
                max_size=inbound.max_size,
                max_recipients=limits.recipients,
                max_connections=inbound.max_connections,
                max_connections_per_peer=inbound.max_connections_per_peer,
                mails_per_minute=limits.mails_per_minute,
                max_errors=inbound.max_errors,
                allowed_peers=inbound.allowed_peers,
                trusted_peers=limits.trusted_relays,
                tls=_server_tls(inbound.tls_cert, inbound.tls_key),
                max_in_flight=inbound.max_in_flight,
            ),
            self.inbox,
            lambda address: self.route(address) is not None,
            now,
        )

    @cached_property
    def watchers(self) -> Watchers:
        """The shared mailboxes."""
        return Watchers(map(self._watcher, self.mailboxes))

    @cached_property
    def mailboxes(self) -> tuple[Mailbox, ...]:
        """The shared mailboxes that are watched."""
        return tuple(shared.mailboxes(self.config, lambda: self.database, TENANT_ID))

    def _watcher(self, mailbox: Mailbox) -> Watcher:
        catchup = Catchup(
            self.database,
            TENANT_ID,
            self.inbox,
            mailbox,
            frozenset(self.routing.addresses),
            now,
            self._limits(),
        )
        return Watcher(mailbox, catchup, self.database, TENANT_ID, self.owner, now)

    # --- mail out ---

    @cached_property
    def renderer(self) -> Renderer:
        """The templates."""
        return Renderer(templates(), plain_subjects=self.config.delivery.plain_subjects)

    @cached_property
    def transport(self) -> Transport:
        """The way out that the configuration names."""
        delivery = self.config.delivery
        if delivery.transport == "maildir":
            return MaildirTransport(delivery.maildir)
        if delivery.transport == "terminal":
            return TerminalTransport()
        password = delivery.password
        return Smarthost(
            SmarthostSettings(
                host=delivery.host,
                port=delivery.port,
                helo=delivery.helo,
                tls=Tls(delivery.tls),
                user=delivery.user or None,
                password=None if password is None else password.get_secret_value(),
                ca_file=delivery.ca_file,
            )
        )

    @cached_property
    def delivery(self) -> DeliveryWorker:
        """Empties the outbox."""
        delivery = self.config.delivery
        writer = Writer(self.renderer, self.signer, self.config.desk.name, self.config.desk.address)
        return DeliveryWorker(
            self.desk,
            writer,
            self.transport,
            Rules(delivery.on_unknown, delivery.give_up_after, delivery.retry_after),
            now,
            self.owner,
        )

    # --- the whole ---

    def tick(self) -> None:
        """Run the deadlines once, and have what follows sent."""
        done = self.clock.tick(now())
        if done.steps:
            self.bells.ring(NodeRole.DELIVER)
        log("clock.tick", due=len(done.steps))
        self._tell_waiting(done)
        self._tell_flood(done.at)

    def _tell_waiting(self, done: Tick) -> None:
        """Log what the clock could not do yet, an outage once."""
        if done.at - done.horizon > _HELD:
            log("clock.held", since=done.horizon)
        if done.hold_until not in (None, self._holding):
            log("clock.outage", until=done.hold_until)
        self._holding = done.hold_until

    def _tell_flood(self, at: datetime) -> None:
        """Log, once an hour, that acknowledgements are held back from unknown senders."""
        if self._alarmed is not None and at - self._alarmed < HOUR:
            return
        with self.database.read() as connection:
            held = outbox.to_strangers(connection, TENANT_ID, at - HOUR, held=True)
        if held:
            log("acknowledgements.held", count=held, limit=self.settings.caps.strangers_hour)
            self._alarmed = at

    @cached_property
    def scheduler(self) -> Scheduler:
        """The jobs."""
        every = self.config.jobs.deadlines
        jobs = {} if every is None else {"deadlines": Job("deadlines", every, self.tick)}
        return Scheduler(jobs)

    # --- for a command, which starts no threads ---

    def keep(self, raw: bytes, mail_from: str, recipients: Sequence[str], road: str) -> int:
        """Keep a mail that did not come by SMTP, durably; return its delivery's id.

        Raises `Permanent` when no recipient is ours, `Temporary` when it could not be kept.
        """
        return self.inbox.put(Incoming(raw, mail_from, tuple(recipients), now(), "local", road))

    def rehearse(self, raw: bytes, mail_from: str, recipients: Sequence[str]) -> Rehearsed:
        """Return what would become of a mail if it came now; nothing is kept."""
        parts = (self.desk, self.reader, self.signer)
        return rehearse(*parts, raw, mail_from, recipients, QUEUE, now())

    def survey(self) -> Iterator[tuple[str, Said]]:
        """Look around in every shared mailbox, and yield (name, what was found).

        Of one that cannot be watched that is the reason.
        """
        for box in self.mailboxes:
            every = f"{box.every.total_seconds():g} s"
            try:
                for said in survey(box.account, box.inbox, box.sent, every):
                    yield box.name, said
            except Temporary as fault:
                yield box.name, Said(str(fault), well=False, watched=False)

    def process(self) -> None:
        """Turn the mails that wait into events; leases keep out of a running gateway's way."""
        self.intake.drain()

    def send(self) -> None:
        """Send what waits; but the terminal that mails are shown on is the gateway's own."""
        if self.config.delivery.transport != "terminal":
            self.delivery.drain()

    def hand_over(self, recipient: str, raw: bytes) -> str:
        """Send one mail past the outbox, to try the way out; return what it answered.

        Raises `Temporary` when the mail was not taken now, `Permanent` when it never will be.
        """
        session = self.transport.open()
        try:
            result = session.send(Outgoing("", recipient, raw), lambda: None)
        finally:
            session.close()
        match result:
            case Sent(detail):
                return detail
            case Never(code, reason):
                raise Permanent(f"{code} {reason}")
            case _:
                raise Temporary(result.reason)

    def close(self) -> None:
        """Give the connections to the database back, if there are any."""
        if "database" in vars(self):
            self.database.close()


def _server_tls(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context
