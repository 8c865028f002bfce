"""A Dovecot of the tests' own: IMAP and LMTP, run by whoever runs the tests.

Any user name logs in with one password and finds an empty mailbox: a new name is a new mailbox.
"""

import getpass
import grp
import os
import pwd
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.peers.certificate import Certificate
from tests.peers.maildir import Maildir
from tests.peers.places import answers, free_port
from tests.peers.presence import missing, need
from tests.peers.waiting import wait_until

NAME = "Dovecot"
PASSWORD = "secret"

_CONFIG = """
base_dir = {folder}/base
state_dir = {folder}/state
log_path = {folder}/dovecot.log
instance_name = {folder.name}
protocols = imap lmtp
listen = 127.0.0.1
{encryption}
disable_plaintext_auth = no
auth_mechanisms = plain login{mechanism}
auth_failure_delay = 0
mail_home = {folder}/home/%u
mail_location = maildir:~/Maildir
mail_fsync = never
first_valid_uid = 1
first_valid_gid = 1
mail_uid = {user}
mail_gid = {group}
mail_max_userip_connections = 100
recipient_delimiter = +
{identity}
{tokens}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={user} gid={group} home={folder}/home/%u
}}
{protocol}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
"""


@dataclass(frozen=True, slots=True)
class Shape:
    """How a server looks: what it offers (empty: everything), and how its folders are called."""

    capabilities: str = ""
    separator: str = "/"
    prefix: str = ""


EVERYTHING = Shape()
POOR = Shape("IMAP4rev1 SASL-IR ID UNSELECT CHILDREN NAMESPACE LITERAL+ IDLE")
"""Without MOVE, CONDSTORE, UIDPLUS and SPECIAL-USE."""
DOTTED = Shape(separator=".", prefix="INBOX.")
_TOKENS = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {file}
}}
"""
_PROVIDER = """
tokeninfo_url = {provider}
introspection_mode = auth
username_attribute = email
"""


class Dovecot:
    """A running server in `folder`, whose parents any user must be able to enter.

    With `certificate` it offers STARTTLS on `imap_port` and TLS on `imaps_port`. With `provider`
    tokens open it, too (XOAUTH2): a URL that tells, with a token behind it, the `email` of whose
    it is.
    """

    def __init__(
        self,
        folder: Path,
        certificate: Certificate | None = None,
        shape: Shape = EVERYTHING,
        provider: str = "",
    ) -> None:
        self._program = need(NAME, "dovecot")
        version = subprocess.run(
            [self._program, "--version"], check=True, capture_output=True, text=True
        ).stdout
        if not version.startswith("2.3."):
            missing(NAME, f"version {version.split()[0]} has another configuration language")
        self.imap_port, self.lmtp_port = free_port(), free_port()
        self.imaps_port = free_port() if certificate else 0
        self._folder = folder
        self._shape = shape
        self._provider = provider
        (folder / "dovecot.conf").write_text(self._config(certificate))
        self._server = self._start()

    def maildir(self, user: str) -> Maildir:
        """Return a user's INBOX as files; other folders are its subfolders, with a dot."""
        return Maildir(self._folder / "home" / user / "Maildir")

    def log(self) -> str:
        """Return what the server has said so far."""
        path = self._folder / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self) -> None:
        """End the server and every process of it at once; the mail stays."""
        os.killpg(self._server.pid, signal.SIGKILL)
        self._server.wait()

    def _config(self, certificate: Certificate | None) -> str:
        me, mine = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
        user, group = me, mine
        identity = f"default_internal_user = {me}\ndefault_internal_group = {mine}\n"
        identity += f"default_login_user = {me}"
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            user, group, identity = "nobody", grp.getgrgid(nobody.pw_gid).gr_name, ""
            home = self._folder / "home"
            home.mkdir()
            os.chown(home, nobody.pw_uid, nobody.pw_gid)
        encryption = "ssl = no"
        if certificate:
            encryption = f"ssl = yes\nssl_cert = <{certificate.chain}\nssl_key = <{certificate.key}"
        shape, protocol = self._shape, ""
        if shape.capabilities:
            protocol = f"protocol imap {{\n  imap_capability = {shape.capabilities}\n}}"
        tokens = self._folder / "tokens.conf"
        tokens.write_text(_PROVIDER.format(provider=self._provider))
        return _CONFIG.format(
            mechanism=" xoauth2" if self._provider else "",
            tokens=_TOKENS.format(file=tokens) if self._provider else "",
            protocol=protocol,
            separator=shape.separator,
            prefix=shape.prefix,
            folder=self._folder,
            encryption=encryption,
            user=user,
            group=group,
            identity=identity,
            password=PASSWORD,
            imap=self.imap_port,
            imaps=self.imaps_port,
            lmtp=self.lmtp_port,
        )

    def _start(self) -> subprocess.Popen[bytes]:
        server = subprocess.Popen(
            [self._program, "-F", "-c", self._folder / "dovecot.conf"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        wait_until(
            lambda: answers(self.imap_port, b"* OK") or server.poll() is not None,
            lambda: f"Dovecot to greet; its log:\n{self.log()}",
        )
        assert server.poll() is None, f"Dovecot did not start; its log:\n{self.log()}"
        return server
