"""[[mailbox]]: the shared mailboxes that are watched."""

from mailgate.config import kinds
from mailgate.config.table import Table, key, table
from mailgate.domain.board import Names
from mailgate.domain.marks import Meanings
from mailgate.domain.model import Priority

IMAP_PORTS = {"starttls": 143, "implicit": 993, "off": 143}


class Board(Table):
    """The folders of the mailbox above as the board: each stands for a state of tickets.

    All mails of a ticket lie in the folder of its state, and whoever moves one of them moves the
    ticket. The INBOX holds what is open and nobody's.
    """

    on: kinds.Flag = key(
        default=False, why="Whether mails are moved, and what agents move counts; the kill switch."
    )
    root: kinds.MaybeFolder = key(
        "Tickets", "The folder that the others are in; empty: they stand beside the INBOX."
    )
    held: kinds.AgentsFolder = key(
        "@{name}",
        "What an agent has in hand; {name} is the short name, a dot in it becomes a hyphen.",
    )
    waiting: kinds.Folder = key("Waiting for customer", "What waits for the customer.")
    resolved: kinds.Folder = key("Resolved", "What is resolved.")
    closed: kinds.Folder = key("Closed", "What is closed.")
    settle: kinds.Duration = key(
        "3s",
        "How long a mail must lie where it was put before that counts, so that a slip of the hand "
        "can be undone.",
    )
    brake: kinds.Count = key(
        50,
        "So many mails of tickets that vanish from the board at once, are thrown away or marked as "
        "deleted stop it, until they are back or somebody says to go on.",
    )
    spam: kinds.Flag = key(
        default=True,
        why="Whether the folder of spam is one of the board: a mail that is moved there makes its "
        "ticket spam, and the mails of what is spam lie there.",
    )
    withdrawn: kinds.Flag = key(
        default=True,
        why="Whether a ticket is withdrawn when the last of its mails is moved to what was thrown "
        "away.",
    )
    every: kinds.Duration = key(
        "2s", "How often to look for what was moved: a server tells of the INBOX only."
    )

    flagged: kinds.MaybePriority = key(
        "urgent",
        "The priority that a ticket gets, if it has none that presses more, when one of its mails "
        "is flagged; empty: a flag means nothing.",
    )
    tags: tuple[kinds.Keyword, ...] = key(
        [],
        "IMAP keywords that are tags of tickets: set on a mail or taken off there, they are at the "
        "ticket. Mail programs set others by themselves, which mean nothing.",
        example=["vip"],
    )
    overdue: kinds.MaybeMark = key(
        "",
        "A keyword that is put on the mails of tickets that are late on our side, where the server "
        'keeps keywords, or "\\Flagged", which every server does; empty: none.',
    )
    answering: kinds.MaybeKeyword = key(
        "",
        "A keyword that is put on the mails of tickets for which a draft of an answer lies in the "
        "mailbox, where the server keeps keywords; empty: none.",
    )

    @property
    def marks(self) -> Meanings:
        """What flags and keywords mean."""
        flagged = Priority(self.flagged) if self.flagged else None
        return Meanings(flagged, self.tags, self.overdue, self.answering)

    @property
    def names(self) -> Names:
        """What the folders are called."""
        return Names(self.root, self.held, self.waiting, self.resolved, self.closed)


class Mailbox(Table):
    """A shared mailbox that is watched by IMAP; one [[mailbox]] for each.

    What comes into its INBOX is mail to the desk, and what agents send from it is the desk's
    answer.
    """

    name: kinds.Word = key(..., "Its name in the log and in /readyz.", example="support")
    host: kinds.MaybeHost = key("", "The IMAP server.", unset="not watched")
    port: kinds.Port = key(
        0, "The port of the IMAP server.", unset="993 with implicit, 143 otherwise"
    )
    tls: kinds.TlsMode = key(
        "implicit",
        'How the connection is made private; if that fails, nobody logs in. "off" only to this '
        "machine.",
    )
    ca_file: kinds.Place | None = key(
        None,
        "The authorities to trust (PEM), if the server's certificate is your own.",
        unset="the system's",
        example="tls/ca.pem",
    )
    user: kinds.Text = key("", "The user name at the server.", unset="its address")
    password: kinds.Secret | None = key(
        None,
        "The password; take it from the environment or from a file.",
        unset="none",
        example="${MAILBOX_PASSWORD}",
    )
    password_file: kinds.Place | None = key(
        None,
        "A file with the password and nothing else, which nobody else may read.",
        unset="none",
        example="mailbox.password",
    )
    refresh_token: kinds.Secret | None = key(
        None,
        "For XOAUTH2 in place of a password: the refresh token to begin with. Newer ones are kept "
        "in the database.",
        unset="none",
        example="${MAILBOX_REFRESH_TOKEN}",
    )
    refresh_token_file: kinds.Place | None = key(
        None,
        "A file with the refresh token and nothing else, which nobody else may read.",
        unset="none",
        example="mailbox.token",
    )
    token_url: kinds.Text = key(
        "",
        "For XOAUTH2: where an access token is asked for (https), such as "
        "https://login.microsoftonline.com/TENANT/oauth2/v2.0/token.",
        unset="none",
    )
    client_id: kinds.Text = key("", "For XOAUTH2: the id of the application.", unset="none")
    client_secret: kinds.Secret | None = key(
        None,
        "For XOAUTH2: the secret of the application, if it has one.",
        unset="none",
        example="${MAILBOX_CLIENT_SECRET}",
    )
    address: kinds.Address | None = key(
        None,
        "The address of the desk whose mail comes here, where a mail does not tell.",
        unset="[desk] address",
        example="support@desk.example",
    )
    inbox: kinds.Name = key("INBOX", "The folder into which mail comes.")
    also: tuple[kinds.Name, ...] = key(
        [],
        "Further folders into which people or rules move mail, perhaps before it was seen.",
    )
    sent: kinds.Text = key(
        "",
        "The folder into which mail programs put what was sent.",
        unset="the one that the server marks as such, or that is called so",
    )
    junk: kinds.Text = key(
        "",
        "The folder of spam, for a board.",
        unset="the one that the server marks as such, or that is called so",
    )
    trash: kinds.Text = key(
        "",
        "The folder of what was thrown away, for a board.",
        unset="the one that the server marks as such, or that is called so",
    )
    history: kinds.History = key(
        "index",
        'What to do with mails that lie there at the first start: "index" notes what they are and '
        'does nothing, "open" takes them as if they came now.',
    )
    outbound: kinds.Flag = key(
        default=False,
        why="Whether a mail that is sent from here to somebody without a ticket opens one, which "
        "waits on them.",
    )
    drafts: kinds.Flag = key(
        default=True,
        why="Whether a draft that answers a mail of a ticket is told of: somebody is answering it.",
    )
    prepared_replies: kinds.Flag = key(
        default=False,
        why="Whether an answer is begun there, as a draft, to each customer's mail from here that "
        "waits for one; a draft that nobody uses is taken away again.",
    )
    file_answers: kinds.Flag = key(
        default=False,
        why="Whether answers of agents that the gateway has sent are filed in the folder of what "
        "was sent, read, so that colleagues see them; leave it off where the smarthost does so.",
    )
    every: kinds.Duration = key(
        "15s", "How often to look without being told; where the server cannot tell, the only way."
    )
    board: Board = table()
