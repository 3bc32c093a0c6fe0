"""my_signal: follow the flow of trades where the book leans the same way."""

from math import exp

from pyscalp.signals import LONG, SHORT, asks, bids, numba_signal

LN2 = 0.6931471805599453


@numba_signal(
    name="my_signal",
    levels=5,
    # flow: shares bought less shares sold, halved every half_life; at: the venue's time
    state={"flow": "f8", "at": "i8"},
    parameters={  # default, smallest, largest
        "half_life": (1.0, 0.001, 3600.0),  # seconds
        "lean_gain": (1.0, 0.0, 100.0),  # of microprice - mid
        "flow_gain": (1.0, 0.0, 100.0),  # of the spread
        "leave_at": (0.5, 0.0, 1000.0),  # flow against a position that ends it
    },
)
def signal(market, state, parameters, forecast):
    """Compiled by Numba before the first event."""
    if market.venue_time > state.at:
        passed = float(market.venue_time - state.at)
        state.flow *= exp(-LN2 * passed / (parameters.half_life * 1e9))
        state.at = market.venue_time
    state.flow += float(market.buy_qty - market.sell_qty)
    if not market.sound:
        return

    depth = 0
    for level in bids(market):
        depth += level.qty
    for level in asks(market):
        depth += level.qty
    pressure = state.flow / float(depth)
    if pressure <= -parameters.leave_at:
        forecast.leave = LONG
    if pressure >= parameters.leave_at:
        forecast.leave = SHORT

    lean = float(market.microprice - market.mid)
    spread = float(market.ask - market.bid)
    if lean * pressure <= 0.0:
        return
    forecast.expected_move = parameters.lean_gain * lean + parameters.flow_gain * pressure * spread
