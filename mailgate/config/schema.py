"""Every table and key of the configuration: what it takes, its default, and the reason for it.

This is the one list of keys. The example file and the reference in the docs are written from it.
Defaults stand here as a file would give them; a read configuration holds what they mean.
"""

from pydantic import Field

from mailgate.config import kinds
from mailgate.config.calendars import Calendar
from mailgate.config.clock import Jobs, Lifecycle, Sla
from mailgate.config.mailbox import Mailbox
from mailgate.config.people import Agent, MachineSender, Team
from mailgate.config.rules import Answering, Asking, Assignment, Escalation, Rule
from mailgate.config.submission import Submission
from mailgate.config.table import Table, key, table
from mailgate.config.web import Web
from mailgate.domain.policy import Policy, Telling
from mailgate.roles import NodeRole

LOOPBACK = ["127.0.0.0/8", "::1"]
SMTP_PORTS = {"starttls": 587, "implicit": 465, "off": 25}


class Desk(Table):
    """The desk as the world sees it."""

    name: kinds.Name = key("Support", "The name that people see beside the address in every mail.")
    address: kinds.Address = key(
        ..., "Customers write here, and answers come from here.", example="support@desk.example"
    )
    addresses: tuple[kinds.Address, ...] = key(
        [], "Further addresses at which mail is taken; answers still come from `address`."
    )
    language: kinds.Language = key("en", "The language of mails to people whose own is not known.")
    languages: tuple[kinds.Language, ...] = key(
        [],
        "The languages in which customers are written to if their first mail is in one of them; "
        "empty: all that there are templates in.",
    )
    timezone: kinds.Zone = key(
        "UTC",
        "The zone of times in mails, and of those that commands take and print; it also decides "
        "when a new year or day of numbers begins.",
    )
    number_format: kinds.NumberFormat = key(
        "TKT-{year}-{seq:05d}",
        "How ticket numbers look. They start anew with each {year} or {date} (YYYYMMDD), and grow "
        "wider when they must.",
    )
    number_formats_used: tuple[kinds.NumberFormat, ...] = key(
        [], "Formats of earlier days: their numbers are still recognised."
    )
    former_numbers: tuple[kinds.FormerNumber, ...] = key(
        [
            "[{name}#{number}]",
            "[Ticket {number}]",
            "[Ticket: {number}]",
            "[Ticket ID: {number}]",
            "[Ticket-{number}]",
            "[Case {number}]",
            "[Case: {number}]",
            "[Issue-{number}]",
            "[Bug {number}]",
            "(RT {number})",
        ],
        "How numbers of other ticket systems stand in subjects: old mail that is imported is "
        "threaded by them, and so are later answers of who takes part.",
    )
    categories: tuple[kinds.Category, ...] = key(
        [
            *("technical_support", "billing", "account", "access", "bug_report"),
            *("feature_request", "general_inquiry", "other"),
        ],
        "What a ticket can be about: agents, rules and reports choose from these. A customer "
        "chooses by the address: support+billing@, or billing@ as one of `addresses`.",
    )
    fields: tuple[kinds.Category, ...] = key(
        [],
        "What else a ticket may say of itself: agents fill it in by `/field order_no=123`. What is "
        "not listed is refused.",
    )
    customer_max_priority: kinds.PriorityName = key(
        "high",
        "The most pressing priority that a customer can choose, by writing to support+urgent@ or "
        "by marking the mail as important.",
    )
    admins: tuple[kinds.Address, ...] = key(
        [], "Told of overdue and reopened tickets, and of new ones that no team takes."
    )
    subaddress_delimiter: kinds.Delimiter = key(
        "+",
        "Divides the desk's name from the signed part of an address (RFC 5233). The mail server in "
        "front must let such addresses through.",
    )
    macros: kinds.Place = key(
        "macros",
        "The folder of canned responses: NAME.txt for `/macro NAME`, and NAME.de.txt for those who "
        "read German. It need not be there.",
    )
    templates: kinds.Place = key(
        "templates",
        "The folder of your own mail templates, such as de/received.txt.j2: each goes before the "
        "one that comes with mailgate. It need not be there.",
    )
    secret_file: kinds.Place = key(
        "mailgate.key",
        "The keys that sign addresses and Message-IDs; `mailgate init` writes the file. Nobody "
        "else may read it. Keep it: without it, answers to mails already sent are not recognised.",
    )


class Inbound(Table):
    """Mail in: the ports to which a mail server, or the customers' servers, connect."""

    listen: kinds.ListenAt = key(
        "127.0.0.1:2525",
        "Where to take mail: on this machine only, behind its mail server. Port 0: any free one.",
    )
    lmtp_listen: kinds.ListenAt | None = key(
        None,
        "Where a mail server may hand over mail by LMTP, with an answer for each recipient.",
        unset="no LMTP",
        example="127.0.0.1:2424",
    )
    hostname: kinds.MaybeHost = key(
        "", "The name to greet with; it is never looked up.", unset="the domain of [desk] address"
    )
    max_size: kinds.Size = key(
        "25MiB", "The largest mail that is taken: what most providers let through."
    )
    max_in_flight: kinds.Size = key(
        "128MiB",
        "The most that all mails under way may take, so that large ones cannot fill the memory.",
    )
    free_disk: kinds.Size = key(
        "256MiB",
        "How much stays free on the disk of a SQLite database; below that, mail is put off.",
    )
    allowed_peers: tuple[kinds.Peers, ...] = key(
        LOOPBACK, "Who may connect, and nobody else; for everybody 0.0.0.0/0 and ::/0."
    )
    max_connections: kinds.Connections = key(200, "How many may be connected at once.")
    max_connections_per_peer: kinds.Connections = key(
        20, "How many of them from one address, so that none can take them all."
    )
    max_errors: kinds.Count = key(
        20, "Commands refused for good (5xx) in one connection, which is then closed."
    )
    tls_cert: kinds.Place | None = key(
        None,
        "The certificate for STARTTLS with its chain (PEM).",
        unset="no STARTTLS",
        example="tls/fullchain.pem",
    )
    tls_key: kinds.Place | None = key(
        None,
        "The key of the certificate (PEM); not for everybody to read.",
        unset="no STARTTLS",
        example="tls/privkey.pem",
    )
    own_lists: tuple[kinds.ListId, ...] = key(
        [], "Lists or groups that pass mail on to the desk: their marks are ignored."
    )


class Delivery(Table):
    """Mail out."""

    transport: kinds.TransportName = key(
        "maildir",
        "Where mail goes: into a local Maildir (to begin with), to a smarthost, to the terminal.",
    )
    maildir: kinds.Place = key("outgoing", "The folder for transport `maildir`.")
    host: kinds.MaybeHost = key("", "The smarthost, for transport `smtp`.", unset="none")
    port: kinds.Port = key(
        0, "The port of the smarthost.", unset="587 with starttls, 465 with implicit, 25 with off"
    )
    tls: kinds.TlsMode = key(
        "starttls", "How the connection is made private; if that fails, nothing is sent."
    )
    user: kinds.Text = key("", "The user name at the smarthost.", unset="no login")
    password: kinds.Secret | None = key(
        None,
        "The password at the smarthost; take it from the environment or from a file.",
        unset="none",
        example="${SMARTHOST_PASSWORD}",
    )
    password_file: kinds.Place | None = key(
        None,
        "A file with the password and nothing else, which nobody else may read.",
        unset="none",
        example="smarthost.password",
    )
    ca_file: kinds.Place | None = key(
        None,
        "The authorities to trust (PEM), if the smarthost's certificate is your own.",
        unset="the system's",
        example="tls/ca.pem",
    )
    helo: kinds.MaybeHost = key(
        "", "The name to greet the smarthost with.", unset="[inbound] hostname"
    )
    on_unknown: kinds.OnUnknown = key(
        "resend",
        "What to do when a whole mail was handed over and the answer never came: send it again, "
        "with the same Message-ID, so that none is missing, or hold it for a person, so that none "
        "comes twice. What was never answered five times is held in any case.",
    )
    retry_after: tuple[kinds.Duration, ...] = key(
        ["1m", "2m", "5m", "10m", "20m", "30m"],
        "How long to wait between attempts; the last one repeats.",
    )
    give_up_after: kinds.Duration = key(
        "5d", "When to stop trying; RFC 5321 4.5.4.1 asks for four or five days."
    )
    delay_notice_after: kinds.Duration = key(
        "4h",
        "When to tell the author of an answer, or whoever holds the ticket, that a mail with a "
        "person's words could not be handed over yet.",
    )
    plain_subjects: kinds.Flag = key(
        default=False,
        why="Whether every mail keeps `Re: subject [number]`, also where notices have their own.",
    )


class Canary(Table):
    """A mail of our own that goes round: out, to the desk's own address, and in again.

    It shows that mail leaves and arrives, opens no ticket, and raises an alarm when it does not
    come back.
    """

    every: kinds.Period = key("off", "How often to send one, such as 15m; each takes some 10 KB.")
    within: kinds.Duration = key(
        "10m",
        "In what time it must be back; else the log, /metrics and a mail to the admins say so.",
    )


class Database(Table):
    """Where everything is kept."""

    url: kinds.DatabaseUrl = key(
        "mailgate.db",
        "SQLite serves one machine well; PostgreSQL any number. A password belongs in the "
        "environment: postgresql://mailgate:${DB_PASSWORD}@db.example/mailgate.",
    )


class Node(Table):
    """What this machine does, and in how many processes."""

    name: kinds.Text = key(
        "", "What it is called beside its work in the database; empty: the name of the host."
    )
    roles: tuple[kinds.RoleName, ...] = key(
        [*map(str, NodeRole)],
        "Of several nodes on one PostgreSQL each may do a part: `listen` takes mail, `process` "
        "reads it and decides, `deliver` sends, `clock` looks for deadlines, `web` is the HTTP "
        "port.",
    )
    workers: kinds.Workers = key(
        1,
        "Processes that read mails and decide, beside one that takes them and one that sends; more "
        "than 1 is of use with PostgreSQL only. 0: all in one process, which takes the least "
        "memory.",
    )
    lease: kinds.Lease = key(
        "60s",
        "After how long the others take over what a node had in hand that died or hangs; the same "
        "on all of them. Whoever lives makes its claims longer in time.",
    )


class Limits(Table):
    """How much is too much. What is over a limit is still kept, and read in part."""

    header_block: kinds.Size = key("256KiB", "The most that all headers of a mail may take.")
    header: kinds.Size = key("64KiB", "The most that one header may take.")
    headers: kinds.Count = key(1000, "Headers of a mail, and of each of its parts.")
    parts: kinds.Count = key(1000, "Parts of a mail; 50,000 would take half a minute to parse.")
    depth: kinds.Count = key(50, "How deep parts may lie in parts.")
    encoded_words: kinds.Count = key(
        1000, "Encoded words (RFC 2047) of one header; 20,000 would take 8 s to decode."
    )
    addresses: kinds.Count = key(2000, "Addresses in all headers of a mail.")
    attachments: kinds.Count = key(200, "Attachments of a mail.")
    attachment_name: kinds.Count = key(
        255, "Bytes of an attachment's name; file systems take no more."
    )
    recipients: kinds.Count = key(
        100, "Recipients of a mail; RFC 5321 4.5.3.1.8 asks for no fewer."
    )
    new_people: kinds.Count = key(
        20, "People in To and Cc of one mail who join its ticket; the others are named to staff."
    )
    references: kinds.Count = key(50, "Message-IDs of References that are looked up, from the end.")
    subject: kinds.Count = key(500, "Characters of a subject that are kept.")
    text: kinds.Size = key(
        "1MiB", "Text of a mail that is shown and searched; the mail itself is kept whole."
    )
    links: kinds.Count = key(5000, "Links of an HTML text of which the text says where they lead.")
    processing_time: kinds.Duration = key(
        "10s", "The time in which an unusual mail must be read; then it is shown as it came."
    )
    processing_memory: kinds.Size = key(
        "512MiB", "The memory that reading an unusual mail may take."
    )
    trusted_relays: tuple[kinds.Peers, ...] = key(
        LOOPBACK, "Servers that bring many people's mail: not counted by connecting address."
    )
    mails_per_minute: kinds.Count = key(60, "Mails a minute from one connecting address.")
    new_tickets_an_hour: kinds.Count = key(
        10,
        "New tickets an hour from a sender for whom nothing vouches; further mails go into the "
        "newest of them.",
    )
    acknowledgements_to_strangers: kinds.Count = key(
        100,
        "Acknowledgements an hour to all unknown senders together; more are held back.",
    )
    automatic_in_10m: kinds.Count = key(
        10, "Automatic mails in 10 minutes to one customer about one ticket; more would be a loop."
    )
    automatic_in_30m: kinds.Count = key(15, "The same in 30 minutes.")
    automatic_in_60m: kinds.Count = key(25, "The same in an hour.")
    automatic_in_an_hour: kinds.Count = key(
        30, "Automatic mails an hour to one customer about all tickets together."
    )
    automatic_in_a_day: kinds.Count = key(
        40, "Automatic mails a day to one customer about all tickets together."
    )
    signed_addresses: kinds.Days = key(
        "90d",
        "How long the address in a notice proves who answers; later it still finds the ticket.",
    )


class Trust(Table):
    """Who vouches for senders. Without any of it every sender is unknown.

    docs/decisions/0004-trust.md says what is believed, and why.
    """

    authserv_ids: tuple[kinds.ServerId, ...] = key(
        [],
        "The names that your own mail servers write into Authentication-Results (RFC 8601); they "
        'must take such fields away from mail that comes in. "-" stands for fields without a '
        "name, as Microsoft 365 writes them.",
    )
    border_hops: kinds.Hops = key(
        1,
        "How many Received fields your own servers add to a mail: Authentication-Results below "
        "the next one are the sender's, and so are all in a mail with fewer. 0: only what stands "
        "above all of them.",
    )
    verify: kinds.Flag = key(
        default=False,
        why="Whether DKIM, SPF and DMARC are verified here where your servers say nothing; asks "
        "the DNS.",
    )
    verify_within: kinds.Duration = key(
        "5s", "How long the DNS may take for one mail; after that its sender is unknown."
    )
    arc_sealers: tuple[kinds.Host, ...] = key(
        [],
        "Domains of lists and forwarders whose word is taken for what they pass on (ARC).",
    )
    number_needs: kinds.NumberNeeds = key(
        "not_failed",
        "What a customer's mail needs before a ticket number in its subject joins that ticket: no "
        "evidence of forgery, or a proof that its From is genuine. Without it, a new ticket.",
    )


class Log(Table):
    """What is written to stderr, one line a fact; docs/logging.md lists the lines."""

    level: kinds.LogLevel = key("info", "The least important lines that are written.")
    format: kinds.LogFormat = key("console", "Lines for people, or JSON for programs.")


class Config(Table):
    """The whole file. Built by `mailgate.config.load`, which fills in what follows from others."""

    desk: Desk
    agents: tuple[Agent, ...] = Field((), alias="agent")
    teams: tuple[Team, ...] = Field((), alias="team")
    rules: tuple[Rule, ...] = Field((), alias="rule")
    escalations: tuple[Escalation, ...] = Field((), alias="escalation")
    machine_senders: tuple[MachineSender, ...] = Field((), alias="machine_sender")
    mailboxes: tuple[Mailbox, ...] = Field((), alias="mailbox")
    calendars: tuple[Calendar, ...] = Field((), alias="calendar")
    asking: Asking = table(alias="escalate")
    answering: Answering = table(alias="agents")
    assignment: Assignment = table()
    sla: Sla = table()
    lifecycle: Lifecycle = table()
    inbound: Inbound = table()
    submission: Submission = table()
    delivery: Delivery = table()
    canary: Canary = table()
    web: Web = table()
    database: Database = table()
    node: Node = table()
    jobs: Jobs = table()
    limits: Limits = table()
    trust: Trust = table()
    log: Log = table()

    @property
    def desk_addresses(self) -> tuple[str, ...]:
        """Every address at which the desk takes mail, the main one first."""
        return (self.desk.address, *self.desk.addresses)

    def policy(self) -> Policy:
        """Return the rules of the clock as the domain wants them."""
        thresholds, origins = self.sla.resolve()
        return Policy(
            thresholds=thresholds,
            origins=origins,
            reopen_window=self.lifecycle.reopen_window,
            client_reminders=self.lifecycle.client_reminders,
            resolve_silent=self.lifecycle.resolve_silent,
            survey_after=self.lifecycle.survey_after,
            tell_changes=Telling(self.lifecycle.tell_changes),
            calendars={each.name: each.built(self.desk.timezone) for each in self.calendars},
            watch_targets=self.sla.watch_targets,
            pause_targets=self.sla.pause_targets,
            near=self.sla.near,
            reminders_in=self.lifecycle.reminders_in or "",
            escalations=tuple(
                each.built() for each in sorted(self.escalations, key=lambda each: each.rank)
            ),
            asking=self.asking.built(),
        )
