"""A wait that is ended from outside, and one that is cancelled by others."""

import asyncio

import pytest

from system.web.interruption import Interruption


class EndedError(Exception):
    pass


def test_a_call_ends_the_wait_with_the_error_and_the_task_goes_on() -> None:
    async def work() -> str:
        loop = asyncio.get_running_loop()
        with pytest.raises(EndedError), Interruption(EndedError()) as end:
            loop.call_later(0.01, end)
            loop.call_later(0.01, end)  # A second call does nothing more.
            await asyncio.sleep(30)
        await asyncio.sleep(0.05)
        return "went on"

    assert asyncio.run(work()) == "went on"


def test_an_error_or_a_result_of_the_block_comes_through() -> None:
    async def work() -> None:
        with Interruption(EndedError()):
            await asyncio.sleep(0)
        with pytest.raises(KeyError), Interruption(EndedError()):
            raise KeyError

    asyncio.run(work())


def test_who_cancels_the_task_itself_is_obeyed() -> None:
    async def work() -> None:
        with Interruption(EndedError()):
            await asyncio.sleep(30)

    async def cancelled() -> None:
        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancelled())
