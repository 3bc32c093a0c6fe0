"""Options of the signals: what they become, what is refused, and the samples of the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pyscalp.config import Config
from pyscalp.errors import ConfigError

ROOT = Path(__file__).resolve().parents[1]
# Without the signals' sections.
INCLUDED = re.sub(
    r"^\[signals\..*?(?=^\[(?!signals))",
    "",
    Config.included().to_toml(),
    flags=re.MULTILINE | re.DOTALL,
)


def loads(text: str) -> Config:
    return Config.loads(INCLUDED + "\n" + text, source="a.toml")


def test_defaults() -> None:
    core = loads("").to_core()["signals"]
    mean = core["mean_reversion"]
    assert list(mean["bands"]) == ["session_vwap", "bollinger"]
    assert mean["vwap_window"] == 300 * 10**9
    assert (mean["regime"], mean["variance_step"], mean["variance_ratio_max"]) == (
        "efficiency",
        4,
        1.0,
    )
    book = core["book_imbalance"]
    assert (book["measure"], book["levels"]) == ("depth", 5)
    assert (book["window"], book["flow_scale"]) == (10**9, "flow")


def test_they_come_back_from_toml() -> None:
    config = loads(
        '[signals.mean_reversion]\nbands = ["rolling_vwap"]\nvwap_window = "90s"\n'
        'regime = "both"\nbars = 6\nvariance_step = 4\n'
        '[signals.book_imbalance]\nmeasure = "weighted"\nlevels = 12\n'
    )
    assert Config.loads(config.to_toml()) == config
    core = config.to_core()["signals"]
    assert list(core["mean_reversion"]["bands"]) == ["rolling_vwap"]
    assert core["book_imbalance"]["measure"] == "weighted"
    assert core["shown_levels"] == 12


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("mean_reversion]\nbands = []", "must be a list of at least one"),
        ('mean_reversion]\nbands = ["vwap"]', "session_vwap"),
        ('mean_reversion]\nbands = "bollinger"', "must be a list of at least one"),
        (
            'mean_reversion]\nbands = ["bollinger", "bollinger"]',
            'names "bollinger" twice; once is enough',
        ),
        ('mean_reversion]\nregime = "calm"', "variance_ratio"),
        (
            'mean_reversion]\nregime = "both"\nbars = 5',
            "must be at most signals.mean_reversion.bars - 2 = 3",
        ),
        ("mean_reversion]\nvariance_step = 1", "must be at least 2; it is 1"),
        ('mean_reversion]\nvwap_window = "2h"', "must lie between"),
        ('book_imbalance]\nmeasure = "flow"', "order_flow"),
        ('book_imbalance]\nflow_scale = "size"', "depth"),
        ('book_imbalance]\nwindow = "0s"', "must lie between"),
    ],
)
def test_mistakes_are_named(line: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        loads("[signals." + line)
    (problem,) = caught.value.problems
    assert said in str(problem)


def test_a_step_that_nobody_asks_for_is_left_alone() -> None:
    assert loads("[signals.mean_reversion]\nbars = 3").signals.mean_reversion.variance_step == 4
