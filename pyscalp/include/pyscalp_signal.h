/* A signal of your own, run by pyscalp's engine at native speed.
 *
 * A signal is one `pyscalp_signal`: a few functions, how many bytes of state they need,
 * and which parameters they take. The engine keeps one state for each instrument that it
 * trades and calls the functions on its own thread, between the packet and the order:
 *
 *   create    once, before the first event, on a state of zero bytes
 *   on_trade  at every trade (may be left out)
 *   on_book   after every packet that changed the instrument: look, and forecast
 *   reset     at a new session of the feed (may be left out: destroy, zero, create)
 *   destroy   at the end
 *
 * A shared library shows its signal by one function of C linkage:
 *
 *   const pyscalp_signal* pyscalp_signal_v1(void);
 *
 * and the configuration names the library: [signals.user] library = "./my_signal.so".
 * Cython has the same names by `cimport pyscalp`, Numba by `pyscalp.signals`.
 *
 * Rules. Take time from what you are given, never from a clock, and nothing from
 * outside: then a replay gives the same orders twice. Every nanosecond in here is one
 * between tick and trade: no allocation, lock, system call or output in on_book and
 * on_trade. Nothing may be thrown out of these functions. Pointers are valid during the
 * call that they are given to.
 *
 * Units. Every price is in 1e-9 of the currency, int64 where it is exact, double where
 * it is computed; PYSCALP_UNIT of them are one dollar. Quantities are shares. Times are
 * nanoseconds. Plain C (C99 on), and C++ by the same text.
 */
#ifndef PYSCALP_SIGNAL_H
#define PYSCALP_SIGNAL_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version that this header describes. Fields are only ever added at the end of a
 * struct, with its `size` telling whether they are there; anything else is a new
 * version. */
#define PYSCALP_SIGNAL_ABI 1u

/* Price of a side that is empty, and of what is not known. */
#define PYSCALP_NO_PRICE INT64_MAX
/* So many 1e-9 are one unit of the currency. */
#define PYSCALP_UNIT INT64_C(1000000000)

#define PYSCALP_LEVELS_MAX 32u              /* of a side */
#define PYSCALP_PARAMETERS_MAX 64u
#define PYSCALP_STATE_MAX (UINT64_C(1) << 30) /* bytes, of one instrument */

/* Sides, as bits of `leave` and `veto`. */
#define PYSCALP_LONG 1u
#define PYSCALP_SHORT 2u

/* Flags of a signal. */
#define PYSCALP_SIGNAL_PYTHON 1u /* it calls the Python interpreter: for replays only */

/* One price level: 24 bytes. */
typedef struct pyscalp_level {
  int64_t price;
  int64_t qty;      /* displayed there, own orders included */
  uint32_t orders;  /* how many make it up */
  uint32_t reserved;
} pyscalp_level;

/* One execution or trade: 32 bytes. */
typedef struct pyscalp_trade {
  int64_t price;
  int64_t qty;
  int64_t venue_time; /* ns since the venue's midnight */
  int32_t side;       /* 1 the buyer came to the market, -1 the seller, 0 not told: it
                         was against an order that is not displayed */
  uint32_t reserved;
} pyscalp_trade;

/* What there is to see: 160 bytes. */
typedef struct pyscalp_market {
  uint32_t size;       /* of this struct, as the engine knows it */
  uint32_t instrument; /* the feed's number for it, the same all session */
  int64_t now;         /* receipt, ns of the engine's own clock; never goes back */
  int64_t venue_time;  /* ns since the venue's midnight, as the feed stamped it; may be
                          earlier than at the call before */

  /* The touch; prices are PYSCALP_NO_PRICE where a side is empty. */
  int64_t bid;
  int64_t ask;
  int64_t bid_qty;
  int64_t ask_qty;

  /* Read off the book. PYSCALP_NO_PRICE and 0 unless `sound`. */
  int64_t mid;            /* halfway between bid and ask */
  int64_t microprice;     /* (bid * ask_qty + ask * bid_qty) / (bid_qty + ask_qty) */
  double imbalance;       /* (bid_qty - ask_qty) / (bid_qty + ask_qty), in [-1, 1] */
  double depth_imbalance; /* the same of all levels below */

  /* The best levels, best first: as many as the signal asked for, or as there are. */
  const pyscalp_level* bids;
  const pyscalp_level* asks;
  uint32_t bid_count;
  uint32_t ask_count;

  /* Trades since the call before. */
  int64_t trades;     /* how many */
  int64_t buy_qty;    /* where the buyer came to the market */
  int64_t sell_qty;   /* where the seller came */
  int64_t hidden_qty; /* against orders that are not displayed */
  int64_t last_price; /* of the session's latest trade; PYSCALP_NO_PRICE before it */

  uint32_t sound; /* 1: both sides are there and the bid is below the ask, else 0 */
  uint32_t reserved;
} pyscalp_market;

/* What to say of it: 16 bytes. All zero, that is no opinion, when on_book is called. */
typedef struct pyscalp_forecast {
  double expected_move; /* of the mid, in 1e-9 of the currency, up is positive; 0 is no
                           opinion, and so are NaN and infinity, which are counted */
  uint32_t leave;       /* PYSCALP_LONG, PYSCALP_SHORT: close such a position at once */
  uint32_t veto;        /* the same: let no signal enter on that side */
} pyscalp_forecast;

/* One parameter: 32 bytes. [signals.user.parameters] may set it. */
typedef struct pyscalp_parameter {
  const char* name; /* letters, digits and _ */
  double value;     /* where the configuration is silent */
  double min;       /* what it may be, both ends included; */
  double max;       /* min = max = 0 is any finite number */
} pyscalp_parameter;

/* A signal: 88 bytes, that outlive every engine that runs it. */
typedef struct pyscalp_signal {
  uint32_t abi;     /* PYSCALP_SIGNAL_ABI */
  uint32_t size;    /* sizeof(pyscalp_signal) */
  const char* name; /* how messages call it */

  uint32_t flags;
  uint32_t levels;     /* of each side that it is to be shown, 1 to 32 */
  uint64_t state_size; /* bytes of state of one instrument; zeroed, aligned to 64 */
  const pyscalp_parameter* parameters;
  uint64_t parameter_count;

  /* `parameters` holds a value for each of the above, in their order.
   *
   * create gives NULL if all is well, else a sentence that says why not: the session
   * then does not start. It may be left out (NULL), and so may all but on_book. */
  const char* (*create)(void* state, const double* parameters);
  void (*destroy)(void* state);
  void (*reset)(void* state, const double* parameters);
  void (*on_book)(void* state, const double* parameters, const pyscalp_market* market,
                  pyscalp_forecast* forecast);
  void (*on_trade)(void* state, const double* parameters, const pyscalp_trade* trade);
} pyscalp_signal;

/* What a shared library exports, with default visibility; a Cython module may give the
 * same pointer in a capsule of this name. */
typedef const pyscalp_signal* (*pyscalp_signal_entry)(void);
#define PYSCALP_SIGNAL_SYMBOL "pyscalp_signal_v1"
#define PYSCALP_SIGNAL_CAPSULE "pyscalp.signal.v1"

#ifdef __cplusplus
}
#define PYSCALP_ASSERT_(what, text) static_assert(what, text)
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L
#define PYSCALP_ASSERT_(what, text) _Static_assert(what, text)
#else
#define PYSCALP_ASSERT_(what, text) struct pyscalp_no_assertion
#endif

PYSCALP_ASSERT_(sizeof(void*) == 8, "a 64-bit machine");
PYSCALP_ASSERT_(sizeof(pyscalp_level) == 24, "layout");
PYSCALP_ASSERT_(sizeof(pyscalp_trade) == 32, "layout");
PYSCALP_ASSERT_(sizeof(pyscalp_market) == 160, "layout");
PYSCALP_ASSERT_(offsetof(pyscalp_market, mid) == 56, "layout");
PYSCALP_ASSERT_(offsetof(pyscalp_market, bids) == 88, "layout");
PYSCALP_ASSERT_(offsetof(pyscalp_market, trades) == 112, "layout");
PYSCALP_ASSERT_(offsetof(pyscalp_market, sound) == 152, "layout");
PYSCALP_ASSERT_(sizeof(pyscalp_forecast) == 16, "layout");
PYSCALP_ASSERT_(sizeof(pyscalp_parameter) == 32, "layout");
PYSCALP_ASSERT_(sizeof(pyscalp_signal) == 88, "layout");
PYSCALP_ASSERT_(offsetof(pyscalp_signal, create) == 48, "layout");
PYSCALP_ASSERT_(offsetof(pyscalp_signal, on_book) == 72, "layout");

#endif /* PYSCALP_SIGNAL_H */
