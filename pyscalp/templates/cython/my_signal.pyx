# cython: language_level=3, boundscheck=False, cdivision=True
"""my_signal: follow the flow of trades where the book leans the same way."""

from libc.math cimport exp
from libc.stdint cimport int64_t, uint32_t

cimport pyscalp

cdef struct State:
    double flow  # shares bought less shares sold, halved every half_life
    int64_t at  # the venue's time it is of

cdef enum:
    HALF_LIFE
    LEAN_GAIN
    FLOW_GAIN
    LEAVE_AT
    PARAMETERS

cdef double LN2 = 0.6931471805599453


cdef void on_book(
    void* memory,
    const double* parameters,
    const pyscalp.pyscalp_market* market,
    pyscalp.pyscalp_forecast* forecast,
) noexcept nogil:
    cdef State* state = <State*>memory
    cdef int64_t depth = 0
    cdef uint32_t i
    if market.venue_time > state.at:
        state.flow *= exp(
            -LN2 * <double>(market.venue_time - state.at) / (parameters[HALF_LIFE] * 1e9)
        )
        state.at = market.venue_time
    state.flow += <double>(market.buy_qty - market.sell_qty)
    if not market.sound:
        return

    for i in range(market.bid_count):
        depth += market.bids[i].qty
    for i in range(market.ask_count):
        depth += market.asks[i].qty
    cdef double pressure = state.flow / <double>depth
    if pressure <= -parameters[LEAVE_AT]:
        forecast.leave = pyscalp.PYSCALP_LONG
    if pressure >= parameters[LEAVE_AT]:
        forecast.leave = pyscalp.PYSCALP_SHORT

    cdef double lean = <double>(market.microprice - market.mid)
    cdef double spread = <double>(market.ask - market.bid)
    if lean * pressure <= 0.0:
        return
    forecast.expected_move = (
        parameters[LEAN_GAIN] * lean + parameters[FLOW_GAIN] * pressure * spread
    )


cdef pyscalp.pyscalp_parameter[<int>PARAMETERS] table
table[HALF_LIFE] = pyscalp.pyscalp_parameter(b"half_life", 1.0, 0.001, 3600.0)  # seconds
table[LEAN_GAIN] = pyscalp.pyscalp_parameter(b"lean_gain", 1.0, 0.0, 100.0)  # of the lean
table[FLOW_GAIN] = pyscalp.pyscalp_parameter(b"flow_gain", 1.0, 0.0, 100.0)  # of the spread
table[LEAVE_AT] = pyscalp.pyscalp_parameter(b"leave_at", 0.5, 0.0, 1000.0)  # ends a position

cdef pyscalp.pyscalp_signal description
description.name = b"my_signal"
description.levels = 5
description.state_size = sizeof(State)
description.parameters = table
description.parameter_count = PARAMETERS
description.on_book = on_book

signal = pyscalp.signal_capsule(&description)
