# What `cimport pyscalp` gives: the structs of pyscalp_signal.h, which says what they mean.
from cpython.pycapsule cimport PyCapsule_New
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t


cdef extern from "pyscalp_signal.h" nogil:
    enum:
        PYSCALP_SIGNAL_ABI
        PYSCALP_LONG
        PYSCALP_SHORT
        PYSCALP_SIGNAL_PYTHON
    const int64_t PYSCALP_NO_PRICE
    const int64_t PYSCALP_UNIT
    const char* PYSCALP_SIGNAL_CAPSULE

    ctypedef struct pyscalp_level:
        int64_t price
        int64_t qty
        uint32_t orders

    ctypedef struct pyscalp_trade:
        int64_t price
        int64_t qty
        int64_t venue_time
        int32_t side

    ctypedef struct pyscalp_market:
        uint32_t size
        uint32_t instrument
        int64_t now
        int64_t venue_time
        int64_t bid
        int64_t ask
        int64_t bid_qty
        int64_t ask_qty
        int64_t mid
        int64_t microprice
        double imbalance
        double depth_imbalance
        const pyscalp_level* bids
        const pyscalp_level* asks
        uint32_t bid_count
        uint32_t ask_count
        int64_t trades
        int64_t buy_qty
        int64_t sell_qty
        int64_t hidden_qty
        int64_t last_price
        uint32_t sound

    ctypedef struct pyscalp_forecast:
        double expected_move
        uint32_t leave
        uint32_t veto

    ctypedef struct pyscalp_parameter:
        const char* name
        double value
        double min
        double max

    ctypedef struct pyscalp_signal:
        uint32_t abi
        uint32_t size
        const char* name
        uint32_t flags
        uint32_t levels
        uint64_t state_size
        const pyscalp_parameter* parameters
        uint64_t parameter_count
        const char* (*create)(void* state, const double* parameters) noexcept nogil
        void (*destroy)(void* state) noexcept nogil
        void (*reset)(void* state, const double* parameters) noexcept nogil
        void (*on_book)(void* state, const double* parameters, const pyscalp_market* market,
                        pyscalp_forecast* forecast) noexcept nogil
        void (*on_trade)(void* state, const double* parameters,
                         const pyscalp_trade* trade) noexcept nogil


cdef inline object signal_capsule(pyscalp_signal* signal):
    """What to put into the module under the name that the configuration says."""
    signal.abi = PYSCALP_SIGNAL_ABI
    signal.size = sizeof(pyscalp_signal)
    return PyCapsule_New(signal, PYSCALP_SIGNAL_CAPSULE, NULL)
