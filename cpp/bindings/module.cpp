#include "bindings/bindings.hpp"

PYBIND11_MODULE(_core, module) {
  module.doc() =
      "The compiled part of pyscalp: engine, included exchange, replay, books.\n\n"
      "Prices and money are int64 at 1e-9 of the currency unit, times int64 "
      "nanoseconds. Long calls release the GIL.";
  pyscalp::bindings::add_bench(module);
  pyscalp::bindings::add_binance(module);
  pyscalp::bindings::add_books(module);
  pyscalp::bindings::add_capture(module);
  pyscalp::bindings::add_crypto_bench(module);
  pyscalp::bindings::add_crypto_exchange(module);
  pyscalp::bindings::add_exchange(module);
  pyscalp::bindings::add_host(module);
  pyscalp::bindings::add_icebergs(module);
  pyscalp::bindings::add_live(module);
  pyscalp::bindings::add_record(module);
  pyscalp::bindings::add_crypto_record(module);
  pyscalp::bindings::add_replay(module);
  pyscalp::bindings::add_signal_tape(module);
  pyscalp::bindings::add_signals(module);
  pyscalp::bindings::add_signal_cost(module);
  pyscalp::bindings::add_tables(module);
  pyscalp::bindings::add_tick_to_trade(module);
  pyscalp::bindings::add_websocket(module);
}
