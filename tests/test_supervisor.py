"""The supervisor of a gateway's processes: in a program of its own, since it forks."""

import subprocess
import sys

HEAD = """
import os, signal, time
from mailgate import supervisor
from mailgate.errors import Temporary
from mailgate.roles import Crew, NodeRole
from mailgate.stopping import Stop
from mailgate.tally import Pulse

crews = (Crew("front", frozenset({NodeRole.LISTEN})), Crew("back", frozenset({NodeRole.DELIVER})))
asked = Stop(print)

def made(work):
    return supervisor.Supervisor(crews, work, Pulse())

def well(crew, beat, stop):
    beat()
    stop.wait()
    return True

def left(number):
    return [post.crew.name for post in number._posts if post.pid is not None]
"""


def told(program: str) -> list[str]:
    """Return what a program prints and logs, times left out."""
    done = subprocess.run(
        [sys.executable, "-c", HEAD + program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines() + [
        line.split(maxsplit=2)[2] for line in done.stderr.splitlines()
    ]


def test_all_begin_and_end_and_who_takes_mail_ends_first():
    program = """
number = made(well)
number.start(asked)
print(left(number))
number.stop(deaf=lambda: print("deaf", left(number)))
print(left(number))
"""
    assert told(program) == ["['front', 'back']", "deaf ['back']", "[]"]


def test_who_answers_a_sender_goes_before_the_others():
    program = """
def shown(crew, beat, stop):
    print(crew.name, os.nice(0) - usual, flush=True)
    return well(crew, beat, stop)

usual = os.nice(0)
number = made(shown)
number.start(asked)
number.stop()
"""
    assert sorted(told(program)) == ["back 5", "front 0"]


def test_a_process_that_does_not_end_is_killed():
    program = """
supervisor._LONGEST_STOP = 0.3
def deaf(crew, beat, stop):
    beat()
    while True:
        time.sleep(60)

number = made(deaf)
number.start(asked)
number.stop()
print(left(number))
"""
    assert told(program) == ["[]", "process.killed process=front", "process.killed process=back"]


def test_a_process_that_ends_before_it_has_begun_ends_the_start_and_the_others():
    program = """
number = made(lambda crew, beat, stop: crew.name == "front" and well(crew, beat, stop))
try:
    number.start(asked)
except Temporary as error:
    print(error, left(number))
"""
    assert told(program) == ["the process back ended; its log says more []"]


def test_a_process_that_fails_is_told_and_begun_anew():
    program = """
def once(crew, beat, stop):
    beat()
    if crew.name == "back" and not os.path.exists("/proc/self/fd/99"):
        raise ValueError("a fault of ours")
    return well(crew, beat, stop)

number = made(once)
number.start(asked)
for _ in range(500):
    number.look()
    if left(number) == ["front"]:
        break
    time.sleep(0.01)
os.dup2(1, 99)
for _ in range(500):
    number.look()
    if left(number) == ["front", "back"]:
        break
    time.sleep(0.01)
time.sleep(0.2)
number.look()
print(left(number))
number.stop()
"""
    lines = told(program)
    assert lines[0] == "['front', 'back']"
    assert any(line.startswith("process.failed process=back exception=") for line in lines)
    assert "process.ended process=back status=70" in lines


BEATING = """
supervisor.HUNG = supervisor.UNHEARD = 0.3
def beating(crew, beat, stop):
    beat()
    while not stop.wait(0.02):
        beat()
    return True

def look_until(well):
    for _ in range(1000):
        number.look()
        if well():
            return
        time.sleep(0.01)
    raise AssertionError("it never came to pass")

number = made(beating)
number.start(asked)
front, back = (post.pid for post in number._posts)
"""


def test_a_process_that_gives_no_sign_of_life_is_killed_and_begun_anew():
    program = """
os.kill(back, signal.SIGSTOP)
look_until(lambda: number._posts[1].pid not in (None, back))
print(left(number), number._posts[0].pid == front)
look_until(lambda: number._has_begun(number._posts[1]))
number.stop()
"""
    assert told(BEATING + program) == [
        "['front', 'back'] True",
        "process.silent process=back seconds=0",
        "process.ended process=back status=-9",
    ]


def test_a_process_that_senders_wait_for_is_begun_anew_sooner():
    program = """
supervisor.HUNG = 1000
os.kill(back, signal.SIGSTOP)
os.kill(front, signal.SIGSTOP)
look_until(lambda: number._posts[0].pid not in (None, front))
look_until(lambda: number._has_begun(number._posts[0]))
print(left(number), number._posts[1].pid == back)
os.kill(back, signal.SIGCONT)
number.stop()
"""
    assert told(BEATING + program) == [
        "['front', 'back'] True",
        "process.silent process=front seconds=0",
        "process.ended process=front status=-9",
    ]


def test_a_process_that_has_not_begun_yet_is_given_the_time_of_all():
    program = """
supervisor.HUNG = 1000
os.kill(front, signal.SIGSTOP)
os.waitpid(front, os.WUNTRACED)
number._posts[0].forked_at, number._awake = time.monotonic() - 1, 0
number._pulse._beats[1] = 0
number.look()
print(number._posts[0].pid == front, number._posts[0].doomed)
os.kill(front, signal.SIGCONT)
number.stop()
"""
    assert told(BEATING + program) == ["True False"]


def test_processes_that_stood_still_together_with_their_supervisor_go_on():
    program = """
supervisor.SILENT = 0.2
for pid in (front, back):
    os.kill(pid, signal.SIGSTOP)
time.sleep(0.5)
for _ in range(5):
    number.look()
    time.sleep(0.01)
for pid in (front, back):
    os.kill(pid, signal.SIGCONT)
look_until(lambda: time.monotonic() - number._awake > 0.5)
print([post.pid for post in number._posts] == [front, back])
number.stop()
"""
    assert told(BEATING + program) == ["True"]


def test_a_fork_that_fails_takes_nobody_with_it():
    program = """
number = made(well)
number.start(asked)
fork = os.fork
def full():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = full
os.kill(number._posts[1].pid, signal.SIGKILL)
for _ in range(500):
    number.look()
    if number._posts[1].failures > 1:
        break
    time.sleep(0.01)
print(left(number))
os.fork = fork
number._posts[1].again_at = 0
number.look()
print(left(number))
number.stop()
os.fork = full
try:
    number.start(asked)
except Temporary as error:
    print(error)
"""
    assert told(program)[:3] == [
        "['front']",
        "['front', 'back']",
        "the process front cannot begin: [Errno 11] Resource temporarily unavailable",
    ]


def test_a_stop_that_is_asked_for_while_all_begin_is_heard():
    program = """
asked.listen([signal.SIGTERM])
def shown(crew, beat, stop):
    stop.wait()
    return True
number = made(shown)
signal.raise_signal(signal.SIGTERM)
number.start(asked)
print(asked.wait(0))
number.stop()
"""
    assert told(program) == ["SIGTERM", "True"]
