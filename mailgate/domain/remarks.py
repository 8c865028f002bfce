"""What is remarked on a mail for staff to read."""

from enum import StrEnum


class Remark(StrEnum):
    """What staff should know of a mail before they believe it, each with what it is about."""

    FAILED = "failed"  # the address that it only claims to come from
    AGENT = "agent"  # the address of an agent who was not shown to have written it
    REPLY_TO = "reply_to"  # the address of another domain at which an answer is wanted
    COLLEAGUE = "colleague"  # the name, which is one of ours, of somebody who is not
    ADDRESS = "address"  # the name, which shows an address that is not the sender's
    SCRIPTS = "scripts"  # the name, which mixes letters of scripts that look alike
    HIDDEN = "hidden"  # the name, in which there are characters that nobody sees
    DOMAIN = "domain"  # the domain, which can be taken for one of ours
    LEFT_OUT = "left_out"  # addresses in To and Cc that did not join
    FORM = "form"  # the address of who is said to have filled in a form that writes as the desk
    FORWARDED = "forwarded"  # the name of the agent who forwarded it
