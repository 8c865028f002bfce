"""The tables of the configuration that are about the HTTP port."""

from mailgate.config import kinds
from mailgate.config.table import Table, key


class Web(Table):
    """The HTTP port."""

    listen: kinds.ListenAt = key(
        "127.0.0.1:8025",
        "Where to serve pages: to this machine only; put a server with TLS in front.",
    )
    public_url: kinds.PublicUrl = key(
        "",
        "Where customers reach that server, such as https://desk.example: then they are asked by a "
        "link to a page, too, whether their matter is settled, and who is to approve something "
        "decides there. Only /t/ need be open to them.",
    )
