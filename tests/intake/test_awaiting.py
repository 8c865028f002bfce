"""Sessions that wait for the store are told how it ended, or that it takes too long."""

import asyncio
from concurrent.futures import Future

import pytest

from mailgate.errors import Temporary
from mailgate.intake.awaiting import Awaiting
from mailgate.intake.gate import Claim, Gate


@pytest.fixture
def gate():
    return Gate((), (), 1, 1, 1, 1000)


def claim(gate, octets):
    made = Claim(gate)
    assert made.grow(octets)
    return made


async def lapse():
    for _ in range(5):
        await asyncio.sleep(0)


def test_many_are_woken_by_one_call(gate, monkeypatch):
    async def wait():
        loop = asyncio.get_running_loop()
        awaiting, kept = Awaiting(60.0), [Future() for _ in range(3)]
        calls = []
        soon = loop.call_soon_threadsafe
        monkeypatch.setattr(
            loop, "call_soon_threadsafe", lambda *given: (calls.append(1), soon(*given))
        )
        tasks = [loop.create_task(awaiting.stored(each, claim(gate, 10))) for each in kept]
        await lapse()
        assert gate.in_flight == 30
        kept[0].set_result(5)
        kept[1].set_exception(Temporary("full"))
        kept[2].set_result(7)
        found = await asyncio.gather(*tasks, return_exceptions=True)
        assert (found[0], str(found[1]), found[2]) == (5, "full", 7)
        assert calls == [1]
        assert gate.in_flight == 0
        assert not awaiting._waiting

    asyncio.run(wait())


def test_who_has_waited_too_long_is_put_off_and_others_wait_on(gate):
    async def wait():
        loop = asyncio.get_running_loop()
        awaiting, slow, late = Awaiting(0.05), Future(), Future()
        first = loop.create_task(awaiting.stored(slow, claim(gate, 10)))
        await asyncio.wait([first], timeout=0.03)
        second = loop.create_task(awaiting.stored(late, claim(gate, 20)))
        with pytest.raises(Temporary, match="takes too long"):
            await first
        assert not second.done()
        assert gate.in_flight == 30
        with pytest.raises(Temporary, match="takes too long"):
            await second
        slow.set_exception(Temporary("at last"))
        late.set_result(1)
        await lapse()
        assert gate.in_flight == 0

    asyncio.run(wait())


def test_a_session_that_ends_leaves_its_mail_to_the_store(gate):
    async def wait():
        awaiting, kept = Awaiting(60.0), Future()
        task = asyncio.get_running_loop().create_task(awaiting.stored(kept, claim(gate, 10)))
        await lapse()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert gate.in_flight == 10
        kept.set_result(1)
        await lapse()
        assert gate.in_flight == 0

    asyncio.run(wait())


def test_a_commit_that_outlives_the_loop_has_nobody_to_tell(gate):
    awaiting, kept = Awaiting(60.0), Future()

    async def leave():
        asyncio.get_running_loop().create_task(awaiting.stored(kept, claim(gate, 10)))
        await lapse()

    asyncio.run(leave())
    kept.set_result(1)
    assert kept.result() == 1
