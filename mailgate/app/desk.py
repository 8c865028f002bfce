"""The desk as the write door knows it, out of the configuration."""

from collections.abc import Iterator
from datetime import timedelta

from mailgate import locales
from mailgate.config import Config
from mailgate.desk.settings import Macro, Settings
from mailgate.domain.caps import Caps
from mailgate.domain.hours import Calendar, outside
from mailgate.domain.model import Priority
from mailgate.domain.numbers import NumberFormat
from mailgate.domain.people import Agent, Staff
from mailgate.domain.rules import ranked


def settings(config: Config, tenant_id: int, macro: Macro) -> Settings:
    """Return what the write door is to keep to."""
    desk, limits = config.desk, config.limits
    return Settings(
        name=desk.name,
        address=desk.address,
        policy=config.policy(),
        number_format=NumberFormat(desk.number_format),
        staff=_staff(config),
        zone=desk.timezone,
        language=desk.language,
        languages=frozenset(desk.languages or locales.languages()),
        tenant_id=tenant_id,
        caps=Caps(
            per_ticket=(
                (limits.automatic_in_10m, timedelta(minutes=10)),
                (limits.automatic_in_30m, timedelta(minutes=30)),
                (limits.automatic_in_60m, timedelta(minutes=60)),
            ),
            per_address_hour=limits.automatic_in_an_hour,
            per_address_day=limits.automatic_in_a_day,
            strangers_hour=limits.acknowledgements_to_strangers,
        ),
        new_tickets_an_hour=limits.new_tickets_an_hour,
        categories=desk.categories,
        fields=desk.fields,
        customer_max_priority=Priority(desk.customer_max_priority),
        number_needs=config.trust.number_needs,
        new_people=limits.new_people,
        mailboxes=frozenset(box.name for box in config.mailboxes if box.host),
        assigns=config.assignment.automatic,
        hold=config.answering.hold or timedelta(0),
        burst=config.answering.burst,
        awake=dict(_awake(config)),
        agents_set_times=config.sla.agents_may_set_thresholds,
        macro=macro,
        public_url=config.web.public_url,
        routes=ranked([rule.built() for rule in config.rules]),
        submission_opens=config.submission.opens,
        outbound=frozenset(box.name for box in config.mailboxes if box.outbound),
        files=tuple(box.name for box in config.mailboxes if box.host and box.file_answers),
    )


def _awake(config: Config) -> Iterator[tuple[str, Calendar]]:
    """Yield (address, the day but for the quiet hours) of each of the staff who has any."""
    common, zone = config.answering.quiet_hours or (0, 0), config.desk.timezone
    own = {
        agent.address: (agent.quiet_hours or common, agent.timezone or zone)
        for agent in config.agents
    }
    given = dict.fromkeys(config.desk.admins, (common, zone)) | own
    for address, ((start, stop), where) in given.items():
        if start != stop:
            yield address, outside(where, start, stop)


def _staff(config: Config) -> Staff:
    return Staff(
        agents=tuple(
            Agent(
                a.name,
                a.address,
                a.full_name,
                a.admin or a.address in config.desk.admins,
                a.language,
                a.limit,
            )
            for a in config.agents
        ),
        teams={team.name: team.members for team in config.teams},
        admins=config.desk.admins,
    )
