"""The figures of a report: one function each, from a run to a plotly figure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from pyscalp.figures import drawdown
from pyscalp.latency_file import SPIN_GAP, latency_table, stages_of
from pyscalp.run_directory import WrittenRun

INK, SOFT, GRID, PAPER = "#16212c", "#5d6b78", "#e6eaee", "#ffffff"
BLUE, GAIN, LOSS = "#1f5fa8", "#12876f", "#c8452d"
STAGE_COLOURS = (
    "#1f5fa8",
    "#12876f",
    "#c98a12",
    "#8a5aa8",
    "#4aa3c7",
    "#7a8794",
    "#c8452d",
    "#16212c",
)

_POINTS_MAX = 4000
_MARKS_MAX = 3000
HOLDING_LIMIT_S = 60


def waterfall(run: WrittenRun) -> go.Figure:
    """From gross to net in basis points per trade, cost by cost."""
    s = run.summary
    steps = [
        ("Gross", s["gross_bp_per_trade"]),
        ("Fees and<br>rebates", -s["fees_bp_per_trade"]),
        ("Half-spread", -s["half_spread_bp_per_trade"]),
        ("Slippage", -s["slippage_bp_per_trade"]),
        ("Network", -s["network_bp_per_trade"]),
    ]
    net = s["net_bp_per_trade"]
    levels = np.cumsum([0.0, *(value for _, value in steps)])
    low, high = min(levels.min(), 0.0), max(levels.max(), 0.0)
    room = 0.14 * ((high - low) or 1.0)
    figure = go.Figure(
        go.Waterfall(
            x=[name for name, _ in steps] + ["<b>Net</b>"],
            y=[value for _, value in steps] + [net],
            measure=["relative"] * len(steps) + ["total"],
            text=[signed(value) for _, value in steps] + [f"<b>{signed(net)}</b>"],
            textposition="outside",
            cliponaxis=False,
            increasing_marker_color=GAIN,
            decreasing_marker_color=LOSS,
            totals_marker_color=BLUE,
            connector_line={"color": SOFT, "width": 1, "dash": "dot"},
            hovertemplate="%{x}: %{y:.3f} bp<extra></extra>",
        )
    )
    _style(figure, 330)
    figure.update_yaxes(title="basis points", range=[low - room, high + room], zeroline=True)
    return figure


def distribution(run: WrittenRun) -> go.Figure:
    """How the net of round trips is spread."""
    net = run.trades["net_bp"].to_numpy()
    low, high = np.percentile(net, [0.5, 99.5])
    span = max(abs(low), abs(high), 0.5)
    edges = np.linspace(-span, span, 41)
    counts, _ = np.histogram(np.clip(net, -span, span), edges)
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=counts,
            marker_color=np.where(middles < 0, LOSS, GAIN),
            marker_line_width=0,
            hovertemplate="%{x:.2f} bp: %{y} trades<extra></extra>",
        )
    )
    _style(figure, 330)
    mean = float(run.summary["net_bp_per_trade"])
    figure.add_vline(x=mean, line={"color": INK, "width": 1.5, "dash": "dash"})
    figure.add_annotation(
        x=mean,
        y=1.0,
        yref="paper",
        yanchor="bottom",
        showarrow=False,
        text=f"net per trade {basis_points_text(mean)}",
    )
    figure.update_xaxes(title="net basis points of a round trip", range=[-span, span])
    figure.update_yaxes(title="round trips")
    figure.update_layout(bargap=0.06)
    return figure


def equity_figure(run: WrittenRun) -> go.Figure:
    """Equity since the start, and its drawdown."""
    figure = make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=[0.66, 0.34], vertical_spacing=0.06
    )
    by_time = run.samples.group_by("time_ns", maintain_order=True).agg(pl.col("equity_e9").last())
    times, equity = by_time["time_ns"].to_numpy(), by_time["equity_e9"].to_numpy()
    under = drawdown(equity)
    kept = _thinned(len(times))
    clock = run.clock(times)[kept]
    change = (equity - equity[0] if equity.size else equity)[kept] / 1e9
    figure.add_trace(
        go.Scatter(
            x=clock,
            y=change,
            mode="lines",
            line={"color": BLUE, "width": 1.8},
            hovertemplate="%{y:$,.2f}<extra></extra>",
        ),
        1,
        1,
    )
    figure.add_trace(
        go.Scatter(
            x=clock,
            y=-under[kept] / 1e9,
            mode="lines",
            fill="tozeroy",
            line={"color": LOSS, "width": 1.2},
            fillcolor="rgba(200,69,45,0.16)",
            hovertemplate="%{y:$,.2f}<extra></extra>",
        ),
        2,
        1,
    )
    _style(figure, 420)
    figure.update_yaxes(title="change of equity", tickformat="$,.2~f", row=1, col=1, zeroline=True)
    figure.update_yaxes(title="drawdown", tickformat="$,.2~f", row=2, col=1)
    _time_axis(figure, run, row=2, col=1)
    return figure


def price_figure(
    run: WrittenRun,
    samples: pl.DataFrame,
    fills: pl.DataFrame,
) -> tuple[go.Figure, str]:
    """Bid and ask of one instrument with our fills, and a note on what is left out."""
    figure = go.Figure()
    kept = _thinned(samples.height)
    clock = run.clock(samples["time_ns"].to_numpy())[kept]
    for side, colour in (("bid", "#6f9bc9"), ("ask", "#d09a86")):
        prices = samples[f"{side}_e9"].cast(pl.Float64).to_numpy()[kept] / 1e9
        figure.add_trace(
            go.Scatter(
                x=clock,
                y=prices,
                name=side,
                mode="lines",
                line={"color": colour, "width": 1.1, "shape": "hv"},
                hovertemplate=f"{side} %{{y:.2f}}<extra></extra>",
            )
        )
    marks = fills.tail(_MARKS_MAX)
    note = f", the last {_MARKS_MAX:,} marked" if fills.height > _MARKS_MAX else ""
    styles = {
        ("buy", True): ("buy to open", "triangle-up", GAIN),
        ("sell", True): ("sell to open", "triangle-down", LOSS),
        ("buy", False): ("buy to close", "triangle-up-open", GAIN),
        ("sell", False): ("sell to close", "triangle-down-open", LOSS),
    }
    for (side, opens), (name, shape, colour) in styles.items():
        some = marks.filter(
            (pl.col("side").cast(pl.String) == side)
            & ((pl.col("intent").cast(pl.String) == "entry") == opens)
        )
        figure.add_trace(
            go.Scatter(
                x=run.clock(some["time_ns"].to_numpy()),
                y=some["price_e9"].to_numpy() / 1e9,
                name=name,
                mode="markers",
                marker={
                    "symbol": shape,
                    "size": 9,
                    "color": colour,
                    "line": {"width": 0.6, "color": PAPER}
                    if opens
                    else {"width": 1.4, "color": colour},
                },
                text=[
                    f"{name} {qty:,} at {price / 1e9:,.4f}<br>{liquidity}, {intent}"
                    for qty, price, liquidity, intent in some.select(
                        "qty", "price_e9", "liquidity", "intent"
                    ).iter_rows()
                ],
                hovertemplate="%{text}<extra></extra>",
            )
        )
    _style(figure, 320)
    _legend(figure)
    figure.update_yaxes(title="price", tickformat="$,.2f")
    _time_axis(figure, run)
    return figure, note


def holding_figure(run: WrittenRun) -> go.Figure:
    """How long positions were held, with the limit."""
    held = run.trades["holding_ns"].to_numpy() / 1e9
    counts, edges = np.histogram(held, np.arange(0, max(62.0, held.max() + 2), 1.0))
    figure = go.Figure(
        go.Bar(
            x=(edges[:-1] + edges[1:]) / 2,
            y=counts,
            marker_color=BLUE,
            marker_line_width=0,
            hovertemplate="%{x:.1f} s: %{y} round trips<extra></extra>",
        )
    )
    _style(figure, 300)
    figure.add_vline(x=HOLDING_LIMIT_S, line={"color": LOSS, "width": 2})
    figure.add_annotation(
        x=HOLDING_LIMIT_S,
        y=0.95,
        yref="paper",
        xanchor="right",
        xshift=-6,
        text="60 s limit",
        font={"color": LOSS},
        showarrow=False,
    )
    figure.update_xaxes(title="seconds from first fill to flat", range=[0, edges[-1]])
    figure.update_yaxes(title="round trips")
    figure.update_layout(bargap=0.06)
    return figure


def latency_figure(run: WrittenRun) -> go.Figure:
    """Latency of each stage by percentile, both axes logarithmic."""
    latency = stages_of(run.latency)
    table = latency_table(latency)
    figure = go.Figure()
    highest = 1
    for place, stage in enumerate(table):
        values, counts = latency[stage]
        total = int(counts.sum())
        highest = max(highest, total)
        below = np.cumsum(counts) / total
        nines = 1.0 / np.maximum(1.0 - below, 1.0 / total)
        colour = STAGE_COLOURS[place % len(STAGE_COLOURS)]
        whole = stage in ("tick_to_trade", "order_round_trip")
        figure.add_trace(
            go.Scatter(
                x=np.concatenate([[1.0], nines]),
                y=np.concatenate([values[:1], values]),
                name=stage.replace("_", " "),
                mode="lines",
                line={"color": colour, "width": 2.8 if whole else 1.4, "shape": "vh"},
                hovertemplate=f"{stage.replace('_', ' ')}: %{{y:,.0f}} ns<extra></extra>",
            )
        )
    _style(figure, 400)
    powers = range(max(3, int(np.log10(highest)) + 1))
    figure.update_xaxes(
        title="percentile",
        type="log",
        tickvals=[1, 2, *(10.0**p for p in powers if p)],
        ticktext=["0", "50 %", *(f"{100 - 100 / 10**p:.10g} %" for p in powers if p)],
    )
    spans = [(values[0], values[-1]) for values, counts in latency.values() if values.size]
    low = int(np.floor(np.log10(max(1, min(low for low, _ in spans)))))
    high = int(np.ceil(np.log10(max(10, *(high for _, high in spans)))))
    figure.update_yaxes(
        title="latency",
        type="log",
        range=[low, high],
        tickvals=[10.0**p for p in range(low, high + 1)],
        ticktext=[nanos(10**p, 0) for p in range(low, high + 1)],
    )
    _legend(figure)
    return figure


def gap_figure(run: WrittenRun) -> go.Figure:
    """How long the engine's thread did not run, each time it did not; both axes logarithmic."""
    lengths, counts = run.latency[SPIN_GAP]
    low, high = np.floor(np.log10(lengths.min())), np.ceil(np.log10(lengths.max() + 1))
    edges = np.linspace(low, high, int(high - low) * 10 + 1)
    summed, _ = np.histogram(np.log10(lengths), edges, weights=counts)
    middles = (edges[:-1] + edges[1:]) / 2
    figure = go.Figure(
        go.Bar(
            x=middles,
            y=summed,
            text=[nanos(10**middle) for middle in middles],
            textposition="none",
            marker_color=BLUE,
            marker_line_width=0,
            hovertemplate="about %{text}: %{y} gaps<extra></extra>",
        )
    )
    _style(figure, 330)
    powers = range(int(low), int(high) + 1)
    figure.update_xaxes(
        title="length of the gap",
        range=[low, high],
        tickvals=list(powers),
        ticktext=[nanos(10**p, 0) for p in powers],
    )
    figure.update_yaxes(title="gaps", type="log")
    figure.update_layout(bargap=0.06)
    return figure


def nanos(value: float, decimals: int = 2) -> str:
    """A time in the unit that suits it."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if value >= size:
            return f"{value / size:,.{decimals}f} {unit}"
    return f"{value:,.0f} ns"


def signed(value: float) -> str:
    """Two decimals and a sign; nothing that rounds to zero has one."""
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "−")


def basis_points_text(value: float | None) -> str:
    """With sign and unit; a dash where there is none."""
    return "–" if value is None else f"{signed(value)} bp"


def _thinned(count: int) -> npt.NDArray[np.int64]:
    """Indices of at most about `_POINTS_MAX` evenly spread points, the last among them."""
    step = max(1, -(-count // _POINTS_MAX))
    return np.unique(np.append(np.arange(0, count, step), max(count - 1, 0)))[:count]


def _style(figure: go.Figure, height: int) -> None:
    figure.update_layout(
        height=height,
        margin={"l": 64, "r": 20, "t": 28, "b": 48},
        showlegend=False,
        paper_bgcolor=PAPER,
        plot_bgcolor=PAPER,
        hovermode="closest",
        font={
            "family": "Inter, system-ui, -apple-system, Segoe UI, Roboto, sans-serif",
            "size": 12,
            "color": INK,
        },
        hoverlabel={"bgcolor": INK, "font": {"color": PAPER}},
    )
    axis = {
        "gridcolor": GRID,
        "zerolinecolor": SOFT,
        "zeroline": False,
        "linecolor": GRID,
        "ticks": "outside",
        "tickcolor": GRID,
        "title": {"font": {"color": SOFT}},
        "automargin": True,
    }
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)


def _legend(figure: go.Figure) -> None:
    figure.update_layout(
        showlegend=True, legend={"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0}
    )


def _time_axis(figure: go.Figure, run: WrittenRun, **where: int) -> None:
    figure.update_xaxes(
        title=run.clock_title, type="date", tickformat=run.clock_format, nticks=9, **where
    )
