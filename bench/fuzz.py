"""Reads bent mails until the time is over, or one of them breaks what must hold for every mail.

    make fuzz [MINUTES=60]

The changes and what must hold are those of tests/mail/fuzzing.py. What is found is written to
fuzz-found.eml, so that it can be made smaller and become a golden mail.
"""

import random
import sys
import time
from pathlib import Path

from tests.mail import fuzzing

FOUND = Path("fuzz-found.eml")


def main(minutes: float) -> None:
    choices = random.Random(random.SystemRandom().randrange(2**32))
    end = time.monotonic() + minutes * 60
    tried = longest = 0
    while time.monotonic() < end:
        raw = fuzzing.mutated(choices)
        begun = time.monotonic()
        try:
            fuzzing.check(raw)
        except BaseException:
            FOUND.write_bytes(raw)
            print(f"the mail is in {FOUND}")
            raise
        tried, longest = tried + 1, max(longest, time.monotonic() - begun)
    print(f"{tried} mails, none of them broken; the longest took {longest:.2f} s")


if __name__ == "__main__":
    main(float(sys.argv[1]))
