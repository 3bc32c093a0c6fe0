"""The Autobahn cases, as kosoku runs them, against our client as the one under test."""

from __future__ import annotations

import asyncio
import time
from typing import Any

import kosoku
import pytest

from pyscalp import _core

# Cases 12 and 13 are of compression, which we do not negotiate.
COMPRESSION = ["12.*", "13.*"]


def echo_every_case(port: int) -> int:
    """Run the cases that the server has, one connection each; returns their number."""
    base = f"ws://127.0.0.1:{port}"
    once = {"backoff_first_s": 60.0, "backoff_most_s": 60.0}
    counter = _core.WebSocketClient(f"{base}/getCaseCount", **once)
    answer = counter.receive(20)
    assert answer is not None
    counter.close()
    for case in range(1, int(answer[1]) + 1):
        client = _core.WebSocketClient(f"{base}/runCase?case={case}&agent=pyscalp", **once)
        until = time.monotonic() + 60
        while not client.failure:
            assert time.monotonic() < until, f"case {case} does not end"
            message = client.receive(0.005)
            if message is not None:
                (client.send_text if message[0] == 1 else client.send_binary)(message[1])
    client = _core.WebSocketClient(f"{base}/updateReports?agent=pyscalp", **once)
    client.receive(1)
    client.close()
    return int(answer[1])


@pytest.mark.slow
def test_every_case_without_compression() -> None:
    async def run() -> tuple[int, list[Any]]:
        async with kosoku.run_fuzzingserver(exclude_cases=COMPRESSION, port=0) as server:
            loop = asyncio.get_running_loop()
            driven = loop.run_in_executor(None, echo_every_case, server.port)
            try:
                results = await asyncio.wait_for(server.get_result(), 250)
            except kosoku.FailureError as error:
                results = error.results
            return await driven, list(results)

    count, results = asyncio.run(run())
    assert count == len(results) > 250
    good = {"OK", "INFORMATIONAL"}
    wrong = [
        f"{one.case_id}: {one.behavior.value}, close {one.behavior_close.value}"
        for one in results
        if one.behavior.value not in good or one.behavior_close.value not in good
    ]
    assert not wrong
    # The cases that ask nothing of a client are few.
    assert sum(one.behavior.value == "OK" for one in results) >= len(results) - 5
