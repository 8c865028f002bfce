"""[submission]: the port at which agents log in and hand in mail."""

from mailgate.config import kinds
from mailgate.config.table import Table, key

EVERYBODY = ["0.0.0.0/0", "::/0"]


class Submission(Table):
    """A port for the agents' own mail programs: their outgoing server (RFC 6409).

    Agents with a `password_hash` log in; what they write to a ticket's customer leaves as the
    desk's answer. Certificate, greeting and size are those of [inbound].
    """

    listen: kinds.ListenAt | None = key(
        None,
        "Where agents hand in mail. Anywhere but on this machine it takes a certificate.",
        unset="no such port",
        example="0.0.0.0:587",
    )
    implicit_tls: kinds.Flag = key(
        default=False,
        why="Whether TLS begins at once, as on port 465, and not by STARTTLS.",
    )
    allowed_peers: tuple[kinds.Peers, ...] = key(
        EVERYBODY, "Who may connect; nobody gets further without a login."
    )
    failed_logins: kinds.Count = key(
        10,
        "Failed logins within ten minutes from one address, or with one name; then none is looked "
        "at, but for who has logged in from there before.",
    )
    opens: kinds.Flag = key(
        default=True,
        why="Whether a mail to somebody without a ticket opens one, which waits on them; else it "
        "is refused.",
    )
