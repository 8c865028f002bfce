"""The configured shared mailboxes as the watcher wants them, with their ways to log in."""

from collections.abc import Callable, Iterator

from mailgate.config import Config
from mailgate.imap.account import Account, Tls
from mailgate.imap.oauth import Application
from mailgate.intake.grant import Grant
from mailgate.intake.mailbox import Mailbox
from mailgate.store.db import Database


def mailboxes(
    config: Config, database: Callable[[], Database], tenant_id: int
) -> Iterator[Mailbox]:
    """Yield those that are watched; where tokens open one, the `database` keeps them."""
    for given in config.mailboxes:
        if not given.host:
            continue
        token = None
        if given.refresh_token is not None:
            secret = given.client_secret
            application = Application(
                token_url=given.token_url,
                client_id=given.client_id,
                secret="" if secret is None else secret.get_secret_value(),
            )
            configured = given.refresh_token.get_secret_value()
            token = Grant(application, configured, database(), tenant_id, given.name).token
        account = Account(
            host=given.host,
            port=given.port,
            tls=Tls(given.tls),
            user=given.user,
            password="" if given.password is None else given.password.get_secret_value(),
            token=token,
            ca_file=given.ca_file,
        )
        yield Mailbox(
            name=given.name,
            account=account,
            address=given.address or config.desk.address,
            inbox=given.inbox,
            sent=given.sent,
            takes_history=given.history == "open",
            every=given.every,
        )
