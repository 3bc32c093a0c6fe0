"""Every item of `pyscalp host check`, on good machines, bad ones and ones without it."""

from __future__ import annotations

from pathlib import Path

import pytest
from machines import (
    BAD,
    BAD_DRIVER,
    CORE,
    GOOD,
    GOOD_DRIVER,
    INTERFACE,
    Driver,
    machine,
    measured,
    noisy,
)

from pyscalp.errors import PyscalpError
from pyscalp.host.check import GROUPS, Report, check
from pyscalp.host.item import Judgement
from pyscalp.host.machine import (
    Machine,
    format_cores,
    format_mask,
    parse_cores,
    parse_mask,
)
from pyscalp.host.measure import core_times, increase, interrupt_counts, steal_share
from pyscalp.host.nic import KernelNic
from pyscalp.host.profile import LIMITS, PROFILES, Profile, named_items, need

ITEMS = sorted(item.name for items in GROUPS.values() for item in items)


def good_report(folder: Path, profile: Profile = "colocated", **files: str) -> Report:
    return check(
        machine(folder, GOOD | files), profile=profile, core=CORE, nic=GOOD_DRIVER,
        measured=measured(),
    )  # fmt: skip


def bad_report(folder: Path, profile: Profile = "colocated") -> Report:
    return check(machine(folder, BAD), profile=profile, core=CORE, nic=BAD_DRIVER, measured=noisy())


def judgement(report: Report, item: str) -> Judgement:
    (found,) = [finding for finding in report.findings if finding.name == item]
    return found.judgement


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Report]:
    return good_report(tmp_path_factory.mktemp("good")), bad_report(tmp_path_factory.mktemp("bad"))


def test_the_profiles_speak_of_every_item_and_of_no_other() -> None:
    assert named_items() == set(ITEMS)
    assert len(ITEMS) == len(set(ITEMS))


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_on_a_good_machine(reports: tuple[Report, Report], item: str) -> None:
    found = judgement(reports[0], item)
    assert found.verdict == "good", found
    assert found.found
    assert found.remedy == ""


@pytest.mark.parametrize("item", ITEMS)
def test_an_item_on_a_bad_machine_says_how_to_fix_it(
    reports: tuple[Report, Report], item: str
) -> None:
    found = judgement(reports[1], item)
    assert found.verdict == "poor", found
    assert found.remedy
    assert found.found != found.best


def test_every_item_explains_itself() -> None:
    for items in GROUPS.values():
        for item in items:
            assert item.why.endswith("."), item.name
            assert 20 < len(item.why) < 120, item.name


@pytest.mark.parametrize("profile", PROFILES)
def test_a_good_machine_is_fit_for_all(tmp_path: Path, profile: Profile) -> None:
    report = good_report(tmp_path, profile)
    assert report.fit
    assert report.unfit == []


def test_a_bad_machine_lacks_what_its_profile_requires(tmp_path: Path) -> None:
    lacks = {profile: len(bad_report(tmp_path, profile).unfit) for profile in PROFILES}
    assert 0 < lacks["laptop"] < lacks["cloud"] < lacks["colocated"]
    required = [item for item in ITEMS if need(item, "colocated") == "required"]
    assert sorted(f.name for f in bad_report(tmp_path).unfit) == required


def test_one_required_item_makes_it_unfit_and_an_advised_one_does_not(tmp_path: Path) -> None:
    report = good_report(tmp_path / "a", **{"proc/sys/net/core/rmem_max": "1000"})
    assert [finding.name for finding in report.unfit] == ["rmem_max"]
    report = good_report(tmp_path / "b", **{"proc/sys/vm/stat_interval": "1"})
    assert judgement(report, "stat_interval").verdict == "poor"
    assert report.fit


def test_what_is_not_known_is_not_fit(tmp_path: Path) -> None:
    tree = machine(tmp_path, GOOD)
    report = check(tree, profile="cloud", core=CORE, nic=GOOD_DRIVER, seconds=0)
    assert {f.name for f in report.unfit} == {
        "calibration", "core_offset", "spin_gaps", "steal",
    }  # fmt: skip
    assert all(f.judgement.found == "not measured" for f in report.unfit)


def test_a_core_that_could_not_be_watched_says_why(tmp_path: Path) -> None:
    core = measured(spin=None, steal_share=None, interrupts=None, problem="core 3 cannot be used")
    report = check(machine(tmp_path, GOOD), core=CORE, nic=GOOD_DRIVER, measured=core)
    found = judgement(report, "spin_gaps")
    assert (found.verdict, found.found) == ("unknown", "core 3 cannot be used")


@pytest.mark.parametrize(
    ("path", "item", "verdict"),
    [
        ("proc/sys/kernel/numa_balancing", "numa_balancing", "good"),
        ("proc/sys/kernel/sched_autogroup_enabled", "autogroup", "good"),
        ("sys/kernel/mm/ksm/run", "ksm", "good"),
        ("proc/sys/kernel/nmi_watchdog", "nmi_watchdog", "good"),
        ("sys/devices/virtual/workqueue/cpumask", "workqueues", "good"),
        ("proc/irq/default_smp_affinity", "irqaffinity", "good"),
        ("proc/swaps", "swap", "good"),
        ("sys/devices/system/cpu/smt/active", "nosmt", "good"),
        ("sys/devices/system/cpu/nohz_full", "nohz_full", "poor"),
    ],
)
def test_what_a_kernel_does_not_have_is_said(
    tmp_path: Path, path: str, item: str, verdict: str
) -> None:
    files = {name: text for name, text in GOOD.items() if name != path}
    report = check(
        machine(tmp_path, files), core=CORE, nic=GOOD_DRIVER, measured=measured()
    )  # fmt: skip
    found = judgement(report, item)
    assert found.found == "not in this kernel"
    assert found.verdict == verdict


def test_an_empty_machine_is_judged_without_a_fault(tmp_path: Path) -> None:
    report = check(Machine(tmp_path), core=0, nic=Driver(), seconds=0)
    assert len(report.findings) == len(ITEMS)
    assert report.host.interface == "lo"
    assert not report.fit


def test_a_file_that_may_not_be_read_is_unknown(tmp_path: Path) -> None:
    tree = machine(tmp_path, GOOD)
    path = tmp_path / "proc/swaps"
    path.unlink()
    path.mkdir()  # which is refused to root, too
    found = judgement(check(tree, core=CORE, nic=GOOD_DRIVER, seconds=0), "swap")
    assert found.verdict == "unknown"
    assert found.found.startswith("/proc/swaps cannot be read: ")


# -- single items -----------------------------------------------------------------------


def test_deep_sleep_is_no_matter_where_a_run_can_hold_the_cores_awake(tmp_path: Path) -> None:
    tree = machine(tmp_path, BAD | {"dev/cpu_dma_latency": ""})
    found = judgement(check(tree, core=CORE, nic=BAD_DRIVER, seconds=0), "idle_states")
    assert found.verdict == "good"
    assert "133 us" in found.found
    assert "/dev/cpu_dma_latency" in found.found


def test_an_idle_sibling_is_well(tmp_path: Path) -> None:
    sibling = "sys/devices/system/cpu/cpu3/topology/thread_siblings_list"
    isolated = "sys/devices/system/cpu/isolated"
    report = good_report(tmp_path, **{sibling: "1,3", isolated: "1,3"})
    assert judgement(report, "smt_siblings").verdict == "good"
    report = good_report(tmp_path, **{sibling: "1,3", isolated: "3"})
    assert "cpu1/online" in judgement(report, "smt_siblings").remedy


def test_without_a_capability_a_limit_will_do(tmp_path: Path) -> None:
    limits = "Max locked memory         {} unlimited bytes\nMax realtime priority     {} 0"
    nothing = "VmSize:  2048000 kB\nCapEff: 0000000000000000"
    files = {"proc/self/status": nothing, "proc/self/limits": limits.format("3221225472", "5")}
    report = good_report(tmp_path / "a", **files)
    verdicts = {n: judgement(report, n).verdict for n in ("mlockall", "rtprio_limit")}
    assert verdicts == {"mlockall": "good", "rtprio_limit": "good"}
    assert judgement(report, "memlock_limit").verdict == "poor"
    files["proc/self/limits"] = limits.format("1048576", "0")
    refused = judgement(good_report(tmp_path / "b", **files), "mlockall")
    assert refused.found == "refused: 2,000 MiB are mapped, 1 may be locked"


def test_capabilities_are_told_apart(tmp_path: Path) -> None:
    only_raw = {"proc/self/status": f"CapEff: {1 << 13:016x}"}
    report = good_report(tmp_path / "a", **only_raw)
    held = [n for n in ITEMS if n.startswith("cap_") and judgement(report, n).verdict == "good"]
    assert held == ["cap_net_raw"]
    admin = {"proc/self/status": f"CapEff: {1 << 21:016x}"}
    assert judgement(good_report(tmp_path / "b", **admin), "cap_bpf").verdict == "good"


def test_an_effective_affinity_counts_more_than_what_is_allowed(tmp_path: Path) -> None:
    files = {
        "proc/irq/41/smp_affinity_list": "0-3",
        "proc/irq/41/effective_affinity_list": "2",
    }
    assert judgement(good_report(tmp_path / "a", **files), "steering").verdict == "good"
    files["proc/irq/41/effective_affinity_list"] = "3"
    found = judgement(good_report(tmp_path / "b", **files), "steering")
    assert found.found == "IRQ 41 on it"
    assert [change.command() for change in found.changes] == [
        "echo 0-2 > /proc/irq/41/smp_affinity_list"
    ]


def test_software_interfaces_are_not_asked_for_what_only_cards_have(tmp_path: Path) -> None:
    report = check(
        machine(tmp_path, BAD), core=CORE, interface="lo",
        nic=Driver({"gro": 1}, {"software"}, set()), seconds=0,
    )  # fmt: skip
    for item in ("busy_read", "coalescing", "gro", "queues", "steering", "xdp", "mtu"):
        assert judgement(report, item).verdict == "good", item


def test_limits_are_stricter_the_nearer_the_exchange() -> None:
    ordered = [LIMITS[profile] for profile in PROFILES]
    for nearer, farther in zip(ordered[1:], ordered, strict=False):
        assert nearer.gap_worst_us < farther.gap_worst_us
        assert nearer.lost_share < farther.lost_share
        assert nearer.interrupts_per_s < farther.interrupts_per_s


# -- what is looked at ------------------------------------------------------------------


def test_core_and_interface_are_chosen_or_named(tmp_path: Path) -> None:
    tree = machine(tmp_path, GOOD)
    assert tree.hot_core(None) == 3
    assert tree.interface(None) == INTERFACE
    assert tree.interface("lo") == "lo"
    with pytest.raises(PyscalpError, match="--core 9 is not a core of this machine; it has 0-3"):
        tree.hot_core(9)
    with pytest.raises(PyscalpError, match=r"--interface x is not there; .* eth7, lo"):
        tree.interface("x")
    (tmp_path / "proc/net/route").unlink()
    assert tree.interface(None) == INTERFACE, "the first that is up"


@pytest.mark.parametrize(
    ("cores", "text", "mask"),
    [
        (set(), "none", "0"),
        ({0}, "0", "1"),
        ({0, 1, 2}, "0-2", "7"),
        ({0, 2, 3, 7}, "0,2-3,7", "8d"),
        ({0, 32, 63}, "0,32,63", "80000001,00000001"),
    ],
)
def test_cores_as_lists_and_masks(cores: set[int], text: str, mask: str) -> None:
    assert format_cores(cores) == text
    assert format_mask(cores) == mask
    assert parse_mask(mask) == cores
    if cores:
        assert parse_cores(text) == cores


def test_words_and_rubbish_in_lists_of_cores() -> None:
    assert parse_cores("managed_irq,domain,2-3") == {2, 3}
    assert parse_cores("(null)") == set()
    assert parse_mask("rubbish") == set()


# -- measurements -----------------------------------------------------------------------


def test_stolen_time(tmp_path: Path) -> None:
    tree = machine(tmp_path, {"proc/stat": "cpu  9 9 9\ncpu3 100 0 50 800 0 0 0 10 0 0"})
    before = core_times(tree, 3)
    (tmp_path / "proc/stat").write_text("cpu3 140 0 50 850 0 0 0 20 0 0\n")
    assert steal_share(before, core_times(tree, 3)) == pytest.approx(0.1)
    assert core_times(tree, 2) is None
    assert steal_share(None, before) is None
    assert steal_share(before, before) == 0.0


def test_interrupts_of_one_core(tmp_path: Path) -> None:
    table = (
        "      CPU0 CPU3\n 41:  5 {}  IR-PCI-MSI 1-edge  eth7-rx-0\nLOC: 9 {} Local timer\nERR: 0"
    )
    tree = machine(tmp_path, {"proc/interrupts": table.format(1, 100)})
    before = interrupt_counts(tree, 3)
    assert before == {"41 eth7-rx-0": 1, "LOC": 100}
    (tmp_path / "proc/interrupts").write_text(table.format(1, 130))
    assert increase(before, interrupt_counts(tree, 3)) == {"LOC": 30}
    assert interrupt_counts(tree, 1) is None


def test_this_machine_is_measured_and_judged() -> None:
    pytest.importorskip("pyscalp._core", reason="pyscalp is not installed with its engine")
    report = check(seconds=0.05, interface="lo")
    watched = report.host.measured
    assert watched is not None
    assert watched.spin is not None
    assert watched.spin["watched_ns"] >= 50_000_000
    assert 0 <= watched.spin["lost_share"] <= 1
    out = report.to_json()
    assert out["fit"] == (not out["unfit"])
    assert {item["item"] for item in out["items"]} == set(ITEMS)
    spin = out["measured"]["spin"]
    assert sum(count for _, count in spin["histogram"]) == spin["gaps"]


def test_the_kernel_answers_for_the_loopback() -> None:
    nic = KernelNic("lo")
    assert nic.setting("gro") in (0, 1, None)
    assert nic.setting("rx-usecs") is None, "lo holds no interrupt back"
    assert nic.timestamps() in (None, {"software"})
    assert nic.xdp() in (None, set(), {"native"})
    with pytest.raises(OSError, match=r"."):
        nic.change("rx-usecs", 0)
    absent = KernelNic("nowhere0")
    assert (absent.driver(), absent.setting("gro"), absent.xdp()) == (None, None, None)
