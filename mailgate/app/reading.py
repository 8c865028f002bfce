"""What reads a mail, out of the configuration: within its limits, believing whom it may believe."""

from typing import TYPE_CHECKING

from mailgate.config import Config
from mailgate.domain.former import FormerReader
from mailgate.domain.numbers import NumberFormat, NumberReader
from mailgate.intake.authentication import Authenticator
from mailgate.intake.child import Child
from mailgate.intake.reading import Reader
from mailgate.intake.resolver import system_resolver
from mailgate.intake.verification import Verifier
from mailgate.mail.alert import MachineSender
from mailgate.mail.border import Border
from mailgate.mail.parse import Limits
from mailgate.store import numbers

if TYPE_CHECKING:
    from mailgate.app import App


def reader(app: "App", tenant_id: int) -> Reader:
    """Return what reads mails for this desk."""
    config = app.config
    desk = config.desk
    with app.database.read() as connection:
        used = numbers.templates(connection, tenant_id)
    formats = dict.fromkeys((desk.number_format, *desk.number_formats_used, *used))
    numbers_of_ours = NumberReader(NumberFormat(template) for template in formats)
    return Reader(
        signer=app.signer,
        numbers=numbers_of_ours,
        former=FormerReader(desk.former_numbers, numbers_of_ours),
        addresses=frozenset(app.routing.addresses),
        own_lists=frozenset(config.inbound.own_lists),
        delimiter=desk.subaddress_delimiter,
        limits=limits(config),
        read_odd=Child(config.limits.processing_time, config.limits.processing_memory).read,
        authenticator=app.authenticator,
        machine_senders={
            machine.address: MachineSender(machine.problem, machine.state, machine.resolved)
            for machine in config.machine_senders
        },
        staff=frozenset(app.settings.staff.by_address),
        logins={agent.name: agent.address for agent in app.settings.staff.agents},
    )


def authenticator(config: Config) -> Authenticator:
    """Return what finds how far a sender can be believed."""
    trust, bounds = config.trust, limits(config)
    verifier = None
    if trust.verify:
        verifier = Verifier(system_resolver(), trust.verify_within.total_seconds(), bounds)
    return Authenticator(
        border=Border(frozenset(trust.authserv_ids), trust.border_hops),
        relays=config.limits.trusted_relays,
        verifier=verifier,
        sealers=frozenset(trust.arc_sealers),
        limits=bounds,
    )


def limits(config: Config) -> Limits:
    """Return how much of a mail is read."""
    most = config.limits
    return Limits(
        size=config.inbound.max_size,
        header_block=most.header_block,
        header=most.header,
        headers=most.headers,
        parts=most.parts,
        depth=most.depth,
        attachments=most.attachments,
        name=most.attachment_name,
        addresses=most.addresses,
        encoded_words=most.encoded_words,
        references=most.references,
        subject=most.subject,
        text=most.text,
        links=most.links,
    )
