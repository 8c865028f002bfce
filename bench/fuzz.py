"""Reads bent mails until the time is over, or one of them breaks what must hold for every mail.

    make fuzz [MINUTES=60]

The changes and what must hold are those of tests/mail/fuzzing.py. What is found is written to
fuzz-found.eml, so that it can be made smaller and become a golden mail; the mail that took most
of the processor is written to fuzz-slowest.eml. Times are of this process alone: on a busy machine
the clock on the wall tells of the others.
"""

import random
import sys
import time
from pathlib import Path

from tests.mail import fuzzing

FOUND, SLOWEST = Path("fuzz-found.eml"), Path("fuzz-slowest.eml")


def main(minutes: float) -> None:
    choices = random.Random(random.SystemRandom().randrange(2**32))
    fuzzing.check(fuzzing.SEEDS[0])  # what is loaded once is no mail's fault
    end = time.monotonic() + minutes * 60
    tried, longest = 0, 0.0
    while time.monotonic() < end:
        raw = fuzzing.mutated(choices)
        begun = time.process_time()
        try:
            fuzzing.check(raw)
        except BaseException:
            FOUND.write_bytes(raw)
            print(f"the mail is in {FOUND}")
            raise
        tried, took = tried + 1, time.process_time() - begun
        if took > longest:
            longest = took
            SLOWEST.write_bytes(raw)
    print(f"{tried} mails, none of them broken; the longest took {longest:.2f} s ({SLOWEST})")


if __name__ == "__main__":
    main(float(sys.argv[1]))
