"""A Postfix of the tests' own: in front of the gateway and behind it, apart from the system's.

One instance hands the mail of the desk's domain to the gateway, and puts the mail of its own
mailboxes into Maildirs. Nothing else leaves it: every other address is refused, and DNS is off.
"""

import os
import pwd
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.peers.certificate import Certificate
from tests.peers.maildir import Maildir
from tests.peers.places import LOOPBACK, answers, free_port
from tests.peers.presence import need, need_root
from tests.peers.waiting import wait_until

NAME = "Postfix"
_MAILBOX_OWNER = "nobody"  # runs the pipes, too
_PRIVATE = ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold", "incoming")
_PRIVATE_SOCKETS = ("private", "saved", "trace")

# service, type, private, unprivileged, chroot, wake-up, processes, program; none in a chroot
_SERVICES = """
pickup     unix  n  -  n  60  1  pickup
cleanup    unix  n  -  n  -   0  cleanup
qmgr       unix  n  -  n  1   1  qmgr
tlsmgr     unix  -  -  n  1000?  1  tlsmgr
rewrite    unix  -  -  n  -   -  trivial-rewrite
bounce     unix  -  -  n  -   0  bounce
defer      unix  -  -  n  -   0  bounce
trace      unix  -  -  n  -   0  bounce
verify     unix  -  -  n  -   1  verify
flush      unix  n  -  n  1000?  0  flush
proxymap   unix  -  -  n  -   -  proxymap
smtp       unix  -  -  n  -   -  smtp
relay      unix  -  -  n  -   -  smtp
showq      unix  n  -  n  -   -  showq
error      unix  -  -  n  -   -  error
retry      unix  -  -  n  -   -  error
discard    unix  -  -  n  -   -  discard
virtual    unix  -  n  n  -   -  virtual
lmtp       unix  -  -  n  -   -  lmtp
anvil      unix  -  -  n  -   1  anvil
scache     unix  -  -  n  -   1  scache
postlog    unix-dgram  n  -  n  -  1  postlogd
"""


@dataclass(frozen=True, slots=True)
class Setup:
    """What an instance does with the mail it is given.

    `relays` maps a domain to the loopback port that takes its mail by SMTP; `lmtp` likewise, by
    LMTP; `pipes` to the words of a command that takes it on stdin, in which ${sender} and
    ${recipient} are filled in. `mailboxes` are the addresses delivered to Maildirs; any other
    address of their domains is an unknown user (550 5.1.1), and any other domain is refused (550).
    With `certificate`, STARTTLS is offered. `max_size` is in bytes. `main` and `master` are lines
    put at the end of main.cf, where they outdo what stands above them, and of master.cf.
    """

    relays: Mapping[str, int] = field(default_factory=dict)
    lmtp: Mapping[str, int] = field(default_factory=dict)
    pipes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mailboxes: Iterable[str] = ()
    certificate: Certificate | None = None
    max_size: int = 100 * 1024 * 1024
    main: str = ""
    master: str = ""


class Postfix:
    """One running instance in `folder`, whose parents any user must be able to enter."""

    def __init__(self, folder: Path, setup: Setup) -> None:
        need_root(NAME)
        need(NAME, "postfix")
        self.port = free_port()
        self._folder = folder
        self._mailboxes = frozenset(address.lower() for address in setup.mailboxes)
        self._lay_out(setup)
        self._master = self._start()

    @property
    def pid(self) -> int:
        """The process of which all others of the instance are children."""
        return self._master.pid

    def maildir(self, address: str) -> Maildir:
        """Return the mailbox of `address`, which must be one of those named at the start."""
        assert address.lower() in self._mailboxes, f"{address} has no mailbox here"
        return Maildir(self._path(address))

    def queue(self) -> list[str]:
        """Return one JSON line for each mail that still waits, as `postqueue -j` prints it."""
        listing = self._run("postqueue", "-c", self._config, "-j")
        return listing.splitlines()

    def flush(self) -> None:
        """Try at once whatever waits."""
        self._run("postqueue", "-c", self._config, "-f")

    def wait_until_empty(self) -> None:
        """Wait until no mail is left in the queue."""
        wait_until(lambda: not self.queue(), lambda: f"an empty queue: {self.queue()}")

    def log(self) -> str:
        """Return the mail log so far."""
        path = self._folder / "mail.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """Stop every process of the instance at once; what is queued stays in the folder."""
        self._run("postfix", "-c", self._config, "abort", check=False)
        try:
            self._master.wait(timeout=5)
        except subprocess.TimeoutExpired:
            os.killpg(self._master.pid, 9)
            self._master.wait()

    @property
    def _config(self) -> Path:
        return self._folder / "etc"

    def _path(self, address: str) -> Path:
        local, _, domain = address.lower().rpartition("@")
        return self._folder / "mail" / domain / local

    def _lay_out(self, setup: Setup) -> None:
        postfix, postdrop = pwd.getpwnam("postfix"), _group("postdrop")
        owner = pwd.getpwnam(_MAILBOX_OWNER)
        self._config.mkdir()
        self._make("mail", owner.pw_uid, owner.pw_gid)
        self._make("data", postfix.pw_uid, postfix.pw_gid, 0o700)
        self._make("queue", 0, 0)
        self._make("queue/pid", 0, 0)
        for name in (*_PRIVATE, *_PRIVATE_SOCKETS):
            self._make(f"queue/{name}", postfix.pw_uid, 0, 0o700)
        self._make("queue/maildrop", postfix.pw_uid, postdrop, 0o730)
        self._make("queue/public", postfix.pw_uid, postdrop, 0o710)
        listener = f"{LOOPBACK}:{self.port}  inet  n  -  n  -  -  smtpd\n"
        self._write("master.cf", listener + _SERVICES.lstrip() + _pipes(setup.pipes) + setup.master)
        self._write(
            "main.cf", "".join(f"{k} = {v}\n" for k, v in self._main(setup, owner)) + setup.main
        )

    def _make(self, name: str, uid: int, gid: int, mode: int = 0o755) -> None:
        path = self._folder / name
        path.mkdir()
        path.chmod(mode)
        os.chown(path, uid, gid)

    def _write(self, name: str, text: str) -> None:
        path = self._config / name
        path.write_text(text)
        # Postfix reads a configuration younger than two seconds again and again.
        minute_ago = time.time() - 60
        os.utime(path, (minute_ago, minute_ago))

    def _main(self, setup: Setup, owner: pwd.struct_passwd) -> Iterable[tuple[str, object]]:
        routes = [(d, f"smtp:[{LOOPBACK}]:{port}") for d, port in setup.relays.items()]
        routes += [(d, f"lmtp:inet:{LOOPBACK}:{port}") for d, port in setup.lmtp.items()]
        routes += [(domain, f"{domain}:") for domain in setup.pipes]
        boxes = [(a, self._path(a).relative_to(self._folder / "mail")) for a in self._mailboxes]
        domains = sorted({address.rpartition("@")[2] for address in self._mailboxes})
        return [
            ("compatibility_level", "3.6"),
            ("myhostname", "mx.test.example"),
            *self._folders(),
            *_loopback_only(),
            *_patience(),
            ("mydestination", ""),
            ("local_recipient_maps", ""),
            ("alias_maps", ""),
            ("recipient_delimiter", "+"),
            ("message_size_limit", setup.max_size),
            ("mailbox_size_limit", 0),
            ("virtual_mailbox_limit", 0),
            ("relay_domains", " ".join(domain for domain, _ in routes)),
            ("transport_maps", _inline(routes)),
            ("default_transport", "error:5.1.2 no mail leaves the tests"),
            ("virtual_mailbox_domains", " ".join(domains)),
            ("virtual_mailbox_maps", _inline((a, f"{path}/") for a, path in boxes)),
            ("virtual_mailbox_base", self._folder / "mail"),
            ("virtual_uid_maps", f"static:{owner.pw_uid}"),
            ("virtual_gid_maps", f"static:{owner.pw_gid}"),
            ("smtpd_recipient_restrictions", "reject_unauth_destination, permit"),
            *_encryption(setup.certificate),
        ]

    def _folders(self) -> list[tuple[str, object]]:
        return [
            ("queue_directory", self._folder / "queue"),
            ("data_directory", self._folder / "data"),
            ("command_directory", _system("command_directory")),
            ("daemon_directory", _system("daemon_directory")),
            ("mail_owner", "postfix"),
            ("setgid_group", "postdrop"),
            ("maillog_file", self._folder / "mail.log"),
            ("maillog_file_prefixes", self._folder),
        ]

    def _start(self) -> subprocess.Popen[bytes]:
        master = subprocess.Popen(
            [Path(_system("daemon_directory")) / "master", "-c", self._config, "-d"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(
            lambda: answers(self.port, b"220") or master.poll() is not None,
            lambda: f"Postfix to greet; its log:\n{self.log()}",
        )
        assert master.poll() is None, f"Postfix did not start; its log:\n{self.log()}"
        return master

    def _run(self, program: str, *arguments: object, check: bool = True) -> str:
        command = [need(NAME, program), *arguments]
        return subprocess.run(command, check=check, capture_output=True, text=True).stdout


def _pipes(commands: Mapping[str, Sequence[str]]) -> str:
    """Return a service for each domain whose mail goes to a command, named like the domain."""
    return "".join(
        f"{domain} unix - n n - 1 pipe\n  flags= user={_MAILBOX_OWNER} argv={' '.join(words)}\n"
        for domain, words in commands.items()
    )


def _group(name: str) -> int:
    import grp  # only where Postfix is, which made the group

    return grp.getgrnam(name).gr_gid


def _system(setting: str) -> str:
    """Return where the installed Postfix has its programs."""
    command = [need(NAME, "postconf"), "-dh", setting]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _inline(pairs: Iterable[tuple[object, object]]) -> str:
    entries = " ".join(f"{{ {key} = {value} }}," for key, value in pairs)
    return f"inline:{{ {entries} }}" if entries else ""


def _loopback_only() -> list[tuple[str, object]]:
    return [
        ("inet_interfaces", LOOPBACK),
        ("inet_protocols", "ipv4"),
        ("mynetworks", "127.0.0.0/8"),
        ("disable_dns_lookups", "yes"),
        ("smtp_host_lookup", "native"),
        ("smtpd_peername_lookup", "no"),
        ("local_header_rewrite_clients", ""),  # a missing Message-ID or Date stays missing
        ("smtp_address_preference", "ipv4"),
    ]


def _patience() -> list[tuple[str, object]]:
    return [
        ("minimal_backoff_time", "1s"),
        ("maximal_backoff_time", "2s"),
        ("queue_run_delay", "1s"),
        ("transport_retry_time", "1s"),
        ("in_flow_delay", "0"),
        ("notify_classes", ""),
        ("smtpd_client_connection_count_limit", 0),
    ]


def _encryption(certificate: Certificate | None) -> list[tuple[str, object]]:
    if certificate is None:
        return [("smtpd_tls_security_level", "none"), ("smtp_tls_security_level", "none")]
    return [
        ("smtpd_tls_security_level", "may"),
        ("smtpd_tls_chain_files", f"{certificate.key}, {certificate.chain}"),
        ("smtp_tls_security_level", "none"),
    ]
