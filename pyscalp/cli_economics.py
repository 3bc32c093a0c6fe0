"""The command ``pyscalp economics``."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pyscalp.errors import PyscalpError
from pyscalp.terminal import OUT, print_json

if TYPE_CHECKING:
    from pyscalp.calculator import Assumptions
    from pyscalp.fees import FeeSchedule, Tier
    from pyscalp.run_economics import RunEconomics

_ROLES = {"taker": "taker", "maker_taker": "maker, then taker", "maker": "maker"}


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command(
        epilog="Example: pyscalp economics --move 8 --schedule nasdaq --tier add_0.25 --price 50"
    )(economics)


def _bp(text: str, default: str) -> Any:
    return typer.Option(metavar="BP", help=text, show_default=default)


def economics(
    run: Annotated[
        Path | None, typer.Argument(metavar="[RUN_DIR]", help="What a run came to, instead.")
    ] = None,
    move: Annotated[
        float | None,
        typer.Option("--move", "--gross", metavar="BP", help="Expected move.", show_default="12"),
    ] = None,
    loss: Annotated[
        float | None, _bp("Move against us of a trade that loses.", "as --move")
    ] = None,
    fee: Annotated[float | None, _bp("Fees of both sides as taker.", "5")] = None,
    rebate: Annotated[float | None, _bp("Rebate of both sides as maker.", "0")] = None,
    schedule: Annotated[
        str | None, typer.Option(help="Fees by a schedule's name or TOML file, instead.")
    ] = None,
    tier: Annotated[
        str | None, typer.Option(help="Of the schedule.", show_default="its first")
    ] = None,
    volume: Annotated[
        float | None, typer.Option(help="Traded in a month; chooses the tier, instead.")
    ] = None,
    price: Annotated[
        float | None, typer.Option(help="Of a share, where fees are by the share.")
    ] = None,
    spread: Annotated[float | None, _bp("Bid to ask.", "3")] = None,
    slippage: Annotated[float | None, _bp("Beyond the touch, taking both sides.", "0")] = None,
    network: Annotated[float | None, _bp("Drift while orders travel.", "1")] = None,
    adverse: Annotated[float | None, _bp("The mid against a maker's fill.", "0")] = None,
    notional: Annotated[
        float | None, typer.Option(help="Money of one entry.", show_default="10000")
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on standard output.")
    ] = False,
) -> None:
    """What is left of a move after its costs: taking, resting, or one after the other.

    A taker pays half the spread on each side, a maker is paid it. Without
    options, the example 12 - (5 + 3 + 1) = 3 bp. The schedules nasdaq,
    binance_spot and binance_futures are examples like those venues' lists;
    docs/economics.md has the formulas.

    With RUN_DIR, where every basis point of that run went.
    """
    given = {
        "move": move,
        "loss": loss,
        "fee": fee,
        "rebate": rebate,
        "schedule": schedule,
        "tier": tier,
        "volume": volume,
        "price": price,
        "spread": spread,
        "slippage": slippage,
        "network": network,
        "adverse": adverse,
        "notional": notional,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if run is not None:
        if given:
            raise PyscalpError(f"--{next(iter(given))} is of the calculator; a run has its own")
        return _of_run(run, as_json)
    _calculate(given, as_json)


# -- the calculator -------------------------------------------------------------------


def _calculate(given: dict[str, Any], as_json: bool) -> None:
    from pyscalp.calculator import ROLES, Assumptions

    _check(given)
    assumed = Assumptions(
        move_bp=given.get("move", 12),
        taker_fee_bp=given.get("fee", 5) / 2,
        maker_fee_bp=-given.get("rebate", 0) / 2,
        spread_bp=given.get("spread", 3),
        slippage_bp=given.get("slippage", 0),
        network_bp=given.get("network", 1),
        adverse_bp=given.get("adverse", 0),
    )
    tiers: dict[str, Assumptions] = {}
    schedule: FeeSchedule | None = None
    chosen: Tier | None = None
    if "schedule" in given:
        schedule, chosen = _chosen(given)
        tiers = {t.name: assumed.with_fees(t, given.get("price")) for t in schedule.tiers}
        assumed = tiers[chosen.name]
    loss = given.get("loss", assumed.move_bp)
    if not loss > 0:
        raise PyscalpError(
            f"a losing trade must lose: the move is {loss:g} bp; say --loss, above 0"
        )
    notional = given.get("notional", 10_000)
    fee_only = assumed.economics("taker").as_maker(-2 * assumed.maker_fee_bp)
    found = {role: assumed.row(role, loss, notional) for role in ROLES}
    if as_json:
        out: dict[str, Any] = {**found, "maker_fee_only": {"net_bp": fee_only.net_bp}}
        if schedule is not None and chosen is not None:
            out["schedule"] = {"title": schedule.title, "source": schedule.source}
            out["tier"] = chosen.name
            out["tiers"] = {name: _tier_row(with_fees) for name, with_fees in tiers.items()}
        print_json(out)
        return
    OUT.print(_rows_table(found, chosen))
    taker = assumed.economics("taker")
    for words, e in (
        ("taking both sides", taker),
        ("with a maker's fee, all else equal", fee_only),
    ):
        OUT.print(f"{words}: {_sum_of(e)}", highlight=False)
    OUT.print(
        "A maker is also paid the spread, where its orders fill; they fill more often when the "
        "price goes on against them (--adverse).",
        style="dim",
    )
    if schedule is not None and chosen is not None:
        OUT.print(_tiers_table(schedule, chosen, tiers))


def _check(given: dict[str, Any]) -> None:
    """Every mistake that the options have without looking at a schedule."""
    for name, value in given.items():
        if isinstance(value, float) and not math.isfinite(value):
            raise PyscalpError(f"--{name} must be a finite number, not {value}")
    for name in ("spread", "volume", "notional"):
        if given.get(name, 0) < 0:
            raise PyscalpError(f"--{name} must not be negative, and is {given[name]:g}")
    for name in ("loss", "price"):
        if name in given and not given[name] > 0:
            raise PyscalpError(f"--{name} must be above 0, and is {given[name]:g}")
    if "schedule" in given:
        for name in ("fee", "rebate"):
            if name in given:
                raise PyscalpError(f"--{name} and --schedule contradict each other; leave one out")
        if "tier" in given and "volume" in given:
            raise PyscalpError("--tier and --volume both choose the tier; leave one out")
    else:
        for name in ("tier", "volume", "price"):
            if name in given:
                raise PyscalpError(f"--{name} is of a schedule; name one with --schedule")


def _chosen(given: dict[str, Any]) -> tuple[FeeSchedule, Tier]:
    from pyscalp import fees

    schedule = fees.load(given["schedule"])
    if "volume" in given:
        chosen = schedule.tier_for(given["volume"])
    else:
        chosen = schedule.tier(given.get("tier"))
    if chosen.per_share and "price" not in given:
        raise PyscalpError(
            f"the fees of {given['schedule']} are by the share; say --price, that of one share"
        )
    return schedule, chosen


def _rows_table(rows: dict[str, dict[str, Any]], tier: Tier | None) -> Table:
    fees = "" if tier is None else f"; fees of tier {tier.name}"
    table = _table(escape(f"one round trip, basis points of the entry{fees}"))
    table.add_column("")
    headings = ("gross", "fees", "spread", "slip-\npage", "net-\nwork", "net", "money")
    for heading in (*headings, "must\nmove", "must\nwin"):
        table.add_column(heading, justify="right")
    for role, row in rows.items():
        table.add_row(
            _ROLES[role],
            _plain(row["gross_bp"]),
            *(
                _signed(-row[f"{name}_bp"])
                for name in ("fee", "half_spread", "slippage", "network")
            ),
            f"[bold]{_signed(row['net_bp'])}[/bold]",
            f"{row['net']:,.2f}",
            _plain(row["break_even_move_bp"]),
            # Where a winner loses after costs, no share of winners is enough.
            f"{row['break_even_win_rate']:.1%}" if row["net_bp"] > 0 else "never",
        )
    return table


def _sum_of(e: Any) -> str:
    """The arithmetic in a line: gross - (fee + spread + network) = net."""
    costs = [e.fee_bp, e.half_spread_bp, *([e.slippage_bp] if e.slippage_bp else []), e.network_bp]
    inner = " + ".join(_plain(cost) for cost in costs)
    return f"{_plain(e.gross_bp)} - ({inner}) = {_plain(e.net_bp)} bp"


def _tier_row(assumed: Assumptions) -> dict[str, float]:
    from pyscalp.calculator import ROLES

    return {
        "maker_fee_bp": assumed.maker_fee_bp,
        "taker_fee_bp": assumed.taker_fee_bp,
        **{f"net_bp_{role}": assumed.economics(role).net_bp for role in ROLES},
    }


def _tiers_table(schedule: FeeSchedule, chosen: Tier, tiers: dict[str, Assumptions]) -> Table:
    table = _table(escape(f"\n{schedule.title}"))
    table.caption = escape(f"net bp by tier; {schedule.source}, {schedule.as_of}")
    table.caption_justify = "left"
    table.add_column("tier")
    table.add_column("asks for", overflow="fold")
    for heading in ("maker\nfee", "taker\nfee", "net,\ntaker", "net,\nboth", "net,\nmaker"):
        table.add_column(heading, justify="right")
    for tier in schedule.tiers:
        row = _tier_row(tiers[tier.name])
        fees = [_signed(row["maker_fee_bp"]), _signed(row["taker_fee_bp"])]
        nets = [_signed(value) for name, value in row.items() if name.startswith("net")]
        style = "bold" if tier is chosen else None
        table.add_row(escape(tier.name), escape(tier.condition), *fees, *nets, style=style)
    return table


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))


def _plain(value: float) -> str:
    """At most two decimals, none idle, no sign of nothing."""
    return f"{round(value, 2) + 0:g}"


def _signed(value: float) -> str:
    rounded = round(value, 2) + 0
    return f"{rounded:+g}" if rounded else "0"


# -- a run ----------------------------------------------------------------------------


def _of_run(directory: Path, as_json: bool) -> None:
    from pyscalp.run_directory import RunDirectory
    from pyscalp.run_economics import RunEconomics

    run = RunDirectory.open(directory).read()
    found = RunEconomics.of_tables(run.trades, run.fills)
    if as_json:
        print_json(found.to_json())
        return
    if not found.trades:
        OUT.print("No round trip was closed.")
        return
    OUT.print(_parts_table(found))
    OUT.print(
        f"{found.win_rate:.1%} of {found.trades:,} round trips won; the net is zero at "
        f"{found.break_even_win_rate:.1%}. Maker share {found.maker_share:.0%}.",
        highlight=False,
    )
    OUT.print(_adverse_table(found))


def _parts_table(found: RunEconomics) -> Table:
    from pyscalp.run_tables import MONEY

    table = _table("where every basis point went")
    table.add_column("")
    for heading in ("money", "bp of entries", "bp per trade"):
        table.add_column(heading, justify="right")
    for name, part in found.parts.items():
        sign = -1 if name in MONEY[1:-1] else 1
        table.add_row(
            name.replace("_", "-"),
            f"{round(sign * part.money, 2) + 0:+,.2f}",
            f"{round(sign * part.bp, 2) + 0:+.2f}",
            f"{round(sign * part.bp_mean, 2) + 0:+.2f}",
            style="bold" if name == "net" else None,
        )
    return table


def _adverse_table(found: RunEconomics) -> Table:
    table = _table("\nwhat the mid did after fills, basis points")
    for heading in ("fills as", "after", "known of", "against us", "worth then"):
        table.add_column(heading, justify="left" if heading == "fills as" else "right")
    for liquidity, horizons in found.adverse.items():
        for at in horizons:
            known = (at.adverse_bp, at.markout_bp)
            shown = ["-" if value is None else f"{value:+.2f}" for value in known]
            table.add_row(liquidity, f"{at.horizon_s} s", f"{at.fills:,}", *shown)
    return table
