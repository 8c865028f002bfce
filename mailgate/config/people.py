"""[[agent]], [[team]], [[machine_sender]]: who works at the desk, and what writes to it."""

from mailgate.config import kinds
from mailgate.config.table import Table, key


class Agent(Table):
    """Somebody who answers tickets; one [[agent]] for each."""

    name: kinds.Word = key(..., "The short name of commands: `/assign alice`.", example="alice")
    address: kinds.Address = key(
        ..., "Notices go here, and answers come from here.", example="alice@desk.example"
    )
    full_name: kinds.Text = key(
        "", "The name that customers see.", unset="the short name, capitalised"
    )
    admin: kinds.Flag = key(
        default=False, why="Whether the agent is an administrator too, like those of [desk] admins."
    )
    language: kinds.MaybeLanguage = key(
        "", "The language of notices to the agent.", unset="the desk's"
    )
    limit: kinds.Held = key(
        20,
        "How many tickets on the desk's turn the agent holds at most before [assignment] gives "
        "further ones to others; 0 for one who gets none, or is away.",
    )
    quiet_hours: kinds.MaybeSpan | None = key(
        None,
        'The agent\'s own instead of those of [agents]; "" for none.',
        unset="those of [agents]",
        example="20:00-08:00",
    )
    timezone: kinds.MaybeZone = key("", "The zone of the agent's quiet hours.", unset="the desk's")
    password_hash: kinds.PasswordHash | None = key(
        None,
        "With it the agent can log in at the port of [submission], by name or address; `mailgate "
        "agents password NAME` makes it from a password.",
        unset="no login",
        example="${ALICE_HASH}",
    )
    password_file: kinds.Place | None = key(
        None,
        "A file with that hash and nothing else, which nobody else may read.",
        unset="no login",
        example="alice.hash",
    )


class Team(Table):
    """Agents who share the tickets that nobody holds yet; one [[team]] for each."""

    name: kinds.Word = key(
        ..., "The short name of commands: `/assign team:billing`.", example="billing"
    )
    members: tuple[kinds.Word, ...] = key(
        [], "The short names of the agents who are in it.", example=["alice"]
    )


class MachineSender(Table):
    """A machine that writes to the desk, such as monitoring; one [[machine_sender]] for each.

    It is never answered, and its tickets are internal. Which problem a mail is about counts only
    if its sender is proved, see [trust].
    """

    address: kinds.Address = key(..., "Where its mail comes from.", example="alerts@desk.example")
    problem: tuple[kinds.Label, ...] = key(
        [],
        "Names of headers, or of lines `Name: value` in the text, that together say which problem "
        'it is, such as ["Host", "Service"]: further mails about it go to the ticket it opened. '
        "Without any, each mail opens a ticket.",
    )
    state: kinds.Label = key(
        "Subject", "The header, or the line in the text, that says how the problem stands."
    )
    resolved: tuple[kinds.Name, ...] = key(
        ["resolved", "recovery", "ok", "up"],
        "The problem is over, and its ticket resolved, when `state` opens with one of these.",
    )
