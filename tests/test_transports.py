"""`pyscalp run` over each transport, on the loopback of a network of the test's own."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from processes import Command, Ended
from test_run_live import EAGER, INSTRUMENTS, LIMITS

pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")

# In a network namespace that nobody but the command holds: nothing outlives it.
NETWORK = ("unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh")
UNPRIVILEGED = (*NETWORK, "setpriv", "--bounding-set=-all", "--inh-caps=-all")

LOSSY = '[exchange]\ndriver = "agents"\nspeed = 20\nloss_a = "2%"\nloss_b = "2%"\n'


def run(folder: Path, transport: str, inside: tuple[str, ...]) -> Ended:
    if shutil.which("unshare") is None or subprocess.run([*inside, "true"]).returncode != 0:
        pytest.skip("needs the right to make network namespaces, and unshare, setpriv and ip")
    venue = f'[venue]\ntransport = "{transport}"\n'
    (folder / "config.toml").write_text(venue + LOSSY + INSTRUMENTS + EAGER + LIMITS)
    options = ("--duration", "1s", "--json", "--out", folder / "run")
    with Command("run", folder / "config.toml", *options, inside=inside) as command:
        return command.end()


def traded(folder: Path, transport: str, inside: tuple[str, ...]) -> tuple[dict[str, Any], str]:
    ended = run(folder, transport, inside)
    assert ended.status == 0, ended.err
    summary: dict[str, Any] = json.loads((folder / "run" / "summary.json").read_text())
    agreement = summary["reconciliation"]
    assert agreement["agrees"], agreement["differences"]
    assert agreement["fills_compared"] > 0
    assert summary["transport"]["packets"] > 100
    assert summary["transport"]["lost"] == 0
    assert summary["engine"]["gap_requests"] > 0
    assert summary["allocations"] == 0
    assert f"market data by {summary['transport']['note']}" in ended.words
    return summary["transport"], ended.words


@pytest.mark.slow
@pytest.mark.parametrize(
    ("transport", "kind", "note"),
    [
        ("auto", "packet", "AF_PACKET ring on lo (auto: the fastest on a virtual interface)"),
        ("xdp", "xdp", "AF_XDP, generic, on lo, 1 queue"),
        ("blocking", "blocking", "UDP sockets that sleep"),
    ],
)
def test_the_ledger_equals_the_exchanges_record(
    tmp_path: Path, transport: str, kind: str, note: str
) -> None:
    used, words = traded(tmp_path, transport, NETWORK)
    assert used["kind"] == kind
    assert used["note"].startswith(note)
    assert used["missing"] == ""
    assert "not had" not in words


@pytest.mark.slow
def test_without_privilege_sockets_are_taken_and_it_says_what_it_did_not_get(
    tmp_path: Path,
) -> None:
    used, words = traded(tmp_path, "auto", UNPRIVILEGED)
    assert used["kind"] == "socket"
    assert "not had: no packet ring on lo: operation not permitted; run as root" in words


def test_one_that_cannot_be_had_ends_the_start(tmp_path: Path) -> None:
    ended = run(tmp_path, "xdp", UNPRIVILEGED)
    assert ended.status == 2
    assert "the session cannot start: no AF_XDP on lo" in ended.words
    assert "CAP_NET_RAW" in ended.words
    assert '(venue.transport = "xdp"; "auto" takes what can be had)' in ended.words
    assert not (tmp_path / "run").exists()
