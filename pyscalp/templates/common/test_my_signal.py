"""my_signal on ten simulated minutes: it loads, it trades, and equal inputs are equal."""

import os
from pathlib import Path

import pyscalp
from pyscalp.signals import rehearse


def test_it_trades_and_equal_inputs_give_equal_orders() -> None:
    os.chdir(Path(__file__).parent)
    config = pyscalp.Config.load("config.toml")
    first, second = (rehearse(config, duration="10m") for _ in range(2))
    assert first.summary["fills"] > 0
    assert first.summary["user_signal"]["calls"] > 0
    assert first.summary["user_signal"]["not_finite"] == 0
    assert first.summary["hash"] == second.summary["hash"]
    print(f"{first.summary['fills']} fills, twice the same: {first.summary['hash']}")


if __name__ == "__main__":
    test_it_trades_and_equal_inputs_give_equal_orders()
