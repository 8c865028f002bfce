"""LMTP (RFC 2033): the same session, with an answer for each recipient.

A mail server in front learns of each recipient's fate on its own. Here all of a mail are stored
in one transaction, so the answers to one mail are alike; there are as many as RCPT accepted, one
given twice included.
"""
# ruff: noqa: N802 -- aiosmtpd finds its commands by these names

from mailgate.intake.dialogue import Dialogue

_NOT_HERE = "500 5.5.1 This is LMTP: say LHLO"


class LocalDialogue(Dialogue):
    """The session with a mail server that keeps a queue of its own."""

    road = "lmtp"
    greeting, hello = "LMTP", "LHLO"

    async def smtp_LHLO(self, hostname: str | None) -> None:
        """Greet back, with all extensions that hold here."""
        await self._greet(hostname, extended=True)

    async def smtp_HELO(self, hostname: str | None) -> None:  # noqa: ARG002 -- as aiosmtpd calls it
        """Refuse (RFC 2033 section 4.1): who means SMTP expects one answer to a mail."""
        await self.push(_NOT_HERE)

    async def smtp_EHLO(self, hostname: str | None) -> None:
        """Refuse likewise."""
        await self.smtp_HELO(hostname)

    def _answers(self) -> int:
        return len(self.envelope.rcpt_tos)
