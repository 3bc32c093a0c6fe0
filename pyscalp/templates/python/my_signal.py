"""my_signal: follow the flow of trades where the book leans the same way."""

from math import exp

from pyscalp.signals import LONG, SHORT, Forecast, Market

LN2 = 0.6931471805599453


class Signal:
    """One for each instrument; its parameters are those of ``[signals.user.parameters]``."""

    levels = 5

    def __init__(
        self,
        half_life: float = 1.0,  # seconds
        lean_gain: float = 1.0,  # of microprice - mid
        flow_gain: float = 1.0,  # of the spread
        leave_at: float = 0.5,  # flow against a position that ends it
    ) -> None:
        if half_life <= 0:
            raise ValueError("half_life must be above 0")
        self.half_life = half_life
        self.lean_gain = lean_gain
        self.flow_gain = flow_gain
        self.leave_at = leave_at
        self.reset()

    def reset(self) -> None:
        """A new session of the feed begins."""
        self.flow = 0.0  # shares bought less shares sold, halved every half_life
        self.at = 0  # the venue's time it is of

    def on_book(self, market: Market) -> Forecast | None:
        """After every packet that changed the instrument."""
        if market.venue_time > self.at:
            passed = float(market.venue_time - self.at)
            self.flow *= exp(-LN2 * passed / (self.half_life * 1e9))
            self.at = market.venue_time
        self.flow += float(market.buy_qty - market.sell_qty)
        if not market.sound:
            return None

        depth = sum(level.qty for level in market.bids) + sum(level.qty for level in market.asks)
        pressure = self.flow / float(depth)
        leave = 0
        if pressure <= -self.leave_at:
            leave = LONG
        if pressure >= self.leave_at:
            leave = SHORT

        lean = float(market.microprice - market.mid)
        spread = float(market.ask - market.bid)
        if lean * pressure <= 0.0:
            return Forecast(leave=leave)
        move = self.lean_gain * lean + self.flow_gain * pressure * spread
        return Forecast(move, leave)
