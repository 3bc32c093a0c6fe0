"""The included crypto venue, asked by clients that are not ours, over verified TLS."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import itertools
import json
import ssl
import stat
import time
import urllib.request
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from crypto_client import LocalBook, Socket, Venue, running
from websockets.exceptions import ConnectionClosed

PROTOCOLS = ("binance-spot", "binance-usdm")


@pytest.fixture(scope="module", params=PROTOCOLS)
def venue(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Iterator[Venue]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    with running(folder, request.param) as found:
        yield found


@pytest.fixture(scope="module")
def spot(tmp_path_factory: Any) -> Iterator[Venue]:
    with running(tmp_path_factory.mktemp("spot"), "binance-spot") as found:
        yield found


@pytest.fixture(scope="module")
def usdm(tmp_path_factory: Any) -> Iterator[Venue]:
    with running(tmp_path_factory.mktemp("usdm"), "binance-usdm") as found:
        yield found


def touch(venue: Venue) -> tuple[Decimal, Decimal]:
    """Best bid and ask, once there are both."""
    for _ in range(100):
        _, told, _ = venue.rest("GET", "/depth", {"symbol": "BTCUSDT", "limit": 5})
        if told["bids"] and told["asks"]:
            return Decimal(told["bids"][0][0]), Decimal(told["asks"][0][0])
        time.sleep(0.05)
    raise AssertionError("the market stays empty")


def limit(venue: Venue, side: str, price: Decimal, **more: Any) -> tuple[int, Any]:
    given = {"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.010", "price": str(price)}
    return venue.signed("POST", "/order", symbol="BTCUSDT", side=side, **(given | more))


# -- transport -------------------------------------------------------------------------


def test_only_the_authority_s_certificate_is_trusted(venue: Venue) -> None:
    url = f"https://127.0.0.1:{venue.port}/"
    with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
        urllib.request.urlopen(url, context=ssl.create_default_context(), timeout=5)
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, context=venue.tls, timeout=5)
    assert caught.value.code == 404


def test_keys_are_for_their_owner_alone(venue: Venue) -> None:
    for file in (venue.keys, venue.private_key):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def _over_aiohttp(venue: Venue) -> tuple[dict[str, Any], dict[str, Any]]:
    base = f"https://127.0.0.1:{venue.port}"
    path = "/api/v3/time" if venue.protocol == "binance-spot" else "/fapi/v1/time"
    stream = "/ws/btcusdt@depth@100ms"
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(10)) as session:
        async with session.get(base + path, ssl=venue.tls) as answer:
            told = await answer.json()
        async with session.ws_connect(base + stream, ssl=venue.tls) as socket:
            return told, await socket.receive_json(timeout=5)


def test_aiohttp_understands_it(venue: Venue) -> None:
    told, diff = asyncio.run(_over_aiohttp(venue))
    assert abs(told["serverTime"] - time.time() * 1000) < 5000
    assert diff["e"] == "depthUpdate"


# -- market data -----------------------------------------------------------------------


def test_local_book_by_the_venue_s_rules_is_the_market_s(venue: Venue) -> None:
    """Each snapshot's book is that of the real-time diffs at the same update id."""
    with venue.connect("/ws/btcusdt@depth@0ms") as socket:
        touch(venue)
        first = json.loads(socket.recv(timeout=5))
        most = 1000 if venue.protocol == "binance-usdm" else 5000
        ask = {"symbol": "BTCUSDT", "limit": most}
        book = LocalBook(venue.protocol)
        book.snapshot(venue.rest("GET", "/depth", ask)[1])
        book.diff(first)
        compared = 0
        for _ in range(15):
            _, told, _ = venue.rest("GET", "/depth", ask)
            while book.last < told["lastUpdateId"]:
                book.diff(json.loads(socket.recv(timeout=5)))
            if book.last == told["lastUpdateId"]:
                compared += 1
                assert book.levels() == {side: told[side] for side in ("bids", "asks")}
            time.sleep(0.1)
    assert book.gaps == 0
    assert compared >= 10


def test_slow_diffs_say_the_same_as_fast_ones(venue: Venue) -> None:
    slow, fast = LocalBook(venue.protocol), LocalBook(venue.protocol)
    target = "/stream?streams=btcusdt@depth@100ms/btcusdt@depth@0ms/btcusdt@bookTicker"
    tickers: dict[int, dict[str, Any]] = {}
    books: dict[int, dict[str, Any]] = {}
    compared = touched = 0
    with venue.connect(target) as socket:
        touch(venue)
        waiting = [json.loads(socket.recv(timeout=5)) for _ in range(5)]
        told = venue.rest("GET", "/depth", {"symbol": "BTCUSDT", "limit": 1000})[1]
        slow.snapshot(told)
        fast.snapshot(told)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            message = waiting.pop(0) if waiting else json.loads(socket.recv(timeout=5))
            data = message["data"]
            if message["stream"].endswith("bookTicker"):
                tickers[data["u"]] = data
            elif message["stream"].endswith("@0ms"):
                if fast.diff(data):
                    books[fast.last] = fast.levels()
                    ticker = tickers.get(fast.last)
                    if ticker is not None:
                        touched += 1
                        best = books[fast.last]
                        assert best["bids"][0] == [ticker["b"], ticker["B"]]
                        assert best["asks"][0] == [ticker["a"], ticker["A"]]
            elif slow.diff(data) and slow.last in books:
                compared += 1
                assert slow.levels() == books[slow.last]
    assert slow.gaps == fast.gaps == 0
    assert compared >= 10
    assert touched >= 5


def test_messages_have_the_venue_s_shape(venue: Venue) -> None:
    keys = {
        "binance-spot": {
            "depth": "e E s U u b a",
            "bookTicker": "u s b B a A",
            "trade": "e E s t p q T m M",
            "aggTrade": "e E s a p q f l T m M",
        },
        "binance-usdm": {
            "depth": "e E T s U u pu b a",
            "bookTicker": "e u s b B a A T E",
            "trade": "e E T s t p q X m",
            "aggTrade": "e E a s p q nq f l T m",
        },
    }[venue.protocol]
    routes = ("/stream",) if venue.protocol == "binance-spot" else ("/public", "/market")
    streams = "/".join(f"btcusdt@{name}" for name in keys)
    seen: dict[str, str] = {}
    for route in routes:
        path = route if route == "/stream" else f"{route}/stream"
        with venue.connect(f"{path}?streams={streams}") as socket:
            until = time.monotonic() + 2
            traded = False
            while time.monotonic() < until:
                if not traded and venue.protocol is not None:
                    _, ask = touch(venue)
                    limit(venue, "BUY", ask, timeInForce="IOC", quantity="0.001")
                    traded = True
                message = json.loads(socket.recv(timeout=5))
                seen[message["stream"].split("@")[1]] = " ".join(message["data"])
    assert seen == keys


def test_streams_are_subscribed_to_and_left(venue: Venue) -> None:
    with venue.connect("/ws") as socket:
        name = "btcusdt@depth@100ms"
        socket.send(json.dumps({"method": "SUBSCRIBE", "params": [name], "id": 7}))
        assert json.loads(socket.recv(timeout=5)) == {"result": None, "id": 7}
        assert json.loads(socket.recv(timeout=5))["e"] == "depthUpdate"
        socket.send('{"method":"UNSUBSCRIBE","params":["btcusdt@depth@100ms"],"id":"x"}')
        while (told := json.loads(socket.recv(timeout=5))).get("e") == "depthUpdate":
            pass
        assert told == {"result": None, "id": "x"}
        socket.send('{"method":"LIST_SUBSCRIPTIONS","id":9}')
        assert json.loads(socket.recv(timeout=5)) == {"result": [], "id": 9}


def test_who_sends_too_much_is_cut(venue: Venue) -> None:
    with venue.connect("/ws") as socket:
        with contextlib.suppress(ConnectionClosed):
            for number in range(30):
                socket.send(json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": number}))
        assert until_closed(socket)[1] == 1008


# -- orders by REST --------------------------------------------------------------------


def test_an_order_rests_is_found_and_cancelled(venue: Venue) -> None:
    bid, _ = touch(venue)
    price = bid - 2000
    status, placed = limit(venue, "BUY", price, newClientOrderId="pabc-41", body=True)
    assert (status, placed["clientOrderId"]) == (200, "pabc-41")
    status, found = venue.signed("GET", "/order", symbol="BTCUSDT", origClientOrderId="pabc-41")
    assert (found["orderId"], found["status"]) == (placed["orderId"], "NEW")
    assert Decimal(found["price"]) == price
    assert found in venue.signed("GET", "/openOrders", symbol="BTCUSDT")[1]
    status, refused = limit(venue, "BUY", price, newClientOrderId="pabc-41")
    spot = venue.protocol == "binance-spot"
    assert refused["code"] == (-2010 if spot else -4116)
    status, canceled = venue.signed("DELETE", "/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert (status, canceled["status"]) == (200, "CANCELED")
    again = venue.signed("DELETE", "/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert again == (400, {"code": -2011, "msg": "Unknown order sent."})
    gone = venue.signed("GET", "/order", symbol="BTCUSDT", orderId=1)
    assert gone == (400, {"code": -2013, "msg": "Order does not exist."})


def test_a_taker_pays_what_the_record_says(spot: Venue) -> None:
    before = balances(spot)
    _, ask = touch(spot)
    status, told = limit(
        spot, "BUY", ask + 50, timeInForce="IOC", quantity="0.5", newClientOrderId="ptake-7"
    )
    assert status == 200
    assert told["fills"]
    bought = sum(Decimal(fill["qty"]) for fill in told["fills"])
    paid = sum(Decimal(fill["qty"]) * Decimal(fill["price"]) for fill in told["fills"])
    fees = sum(Decimal(fill["commission"]) for fill in told["fills"])
    assert bought == Decimal(told["executedQty"])
    assert paid == Decimal(told["cummulativeQuoteQty"])
    assert fees == sum(
        (Decimal(one["qty"]) * Decimal(one["price"]) / 1000).quantize(
            Decimal("1e-8"), ROUND_HALF_UP
        )
        for one in told["fills"]
    )
    after = balances(spot)
    assert after["BTC"] - before["BTC"] == bought
    assert before["USDT"] - after["USDT"] == paid + fees
    rows = executed(spot, 7)
    assert [(row["match"], Decimal(row["fee_e9"])) for row in rows] == [
        (str(fill["tradeId"]), Decimal(fill["commission"]).scaleb(9)) for fill in told["fills"]
    ]
    # Quantities of the record are lots, prices those of one lot.
    assert sum(int(row["qty"]) * int(row["price_e9"]) for row in rows) == paid.scaleb(9)


def balances(venue: Venue) -> dict[str, Decimal]:
    _, told = venue.signed("GET", "/account")
    return {one["asset"]: Decimal(one["free"]) + Decimal(one["locked"]) for one in told["balances"]}


def executed(venue: Venue, client_ref: int) -> list[dict[str, str]]:
    """The record's executions of an order, once they are written."""
    for _ in range(50):
        with venue.record.open() as file:
            rows = [
                row
                for row in csv.DictReader(file)
                if row["event"] == "executed" and row["client_ref"] == str(client_ref)
            ]
        if rows:
            return rows
        time.sleep(0.05)
    raise AssertionError("the record has no such execution")


@pytest.mark.parametrize(
    ("changes", "spot_code", "usdm_code"),
    [
        ({"symbol": "NOPE"}, -1121, -1121),
        ({"side": "HOLD"}, -1117, -1117),
        ({"type": "STOP_MARKET"}, -1116, -1116),
        ({"timeInForce": "DAY"}, -1115, -1115),
        ({"timeInForce": ""}, -1102, -1102),
        ({"quantity": "-1"}, -1102, -1102),
        ({"quantity": "0.0000001"}, -1013, -4023),
        ({"quantity": "0"}, -1013, -4003),
        ({"price": "50000.001"}, -1013, -4014),
        ({"price": "0"}, -1013, -4013),
        ({"price": "100", "quantity": "0.001"}, -1013, -4164),
        ({"quantity": "1000"}, -2010, -2019),
        ({"newClientOrderId": "a b"}, -1100, -1100),
        ({"timestamp": 1}, -1021, -1021),
        ({"recvWindow": 60_001}, -1131, -1131),
    ],
)
def test_wrong_orders_are_refused_in_the_venue_s_words(
    venue: Venue, changes: dict[str, Any], spot_code: int, usdm_code: int
) -> None:
    given = {
        "symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC",
        "quantity": "0.010", "price": "50000",
    }  # fmt: skip
    status, told = venue.signed("POST", "/order", **(given | changes))
    assert (status, told["code"]) == (
        400,
        spot_code if venue.protocol == "binance-spot" else usdm_code,
    )
    assert told["msg"]


def test_signatures_are_checked(venue: Venue) -> None:
    given = {"symbol": "BTCUSDT", "timestamp": int(time.time() * 1000)}
    path = "/openOrders"
    status, told, _ = venue.rest("GET", path, given | {"signature": "0" * 64})
    assert (status, told["code"]) == (400, -1022)
    status, told, _ = venue.rest("GET", path, given)
    assert (status, told["code"]) == (400, -1102)
    key, venue.api_key = venue.api_key, "x" * 64
    status, told, _ = venue.rest("GET", path, given | {"signature": "0" * 64})
    venue.api_key = key
    assert (status, told["code"]) == (401, -2015)


def test_post_only_orders_that_would_take_are_refused(venue: Venue) -> None:
    _, ask = touch(venue)
    spot = venue.protocol == "binance-spot"
    given = {
        "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.010", "price": str(ask + 100)
    }  # fmt: skip
    given |= {"type": "LIMIT_MAKER"} if spot else {"type": "LIMIT", "timeInForce": "GTX"}
    status, told = venue.signed("POST", "/order", **given)
    assert (status, told["code"]) == (400, -2010 if spot else -5022)


# -- order API and user data -----------------------------------------------------------


def test_calls_signed_by_hmac_place_and_cancel(venue: Venue) -> None:
    bid, _ = touch(venue)
    calls = venue.calls()
    with calls.socket:
        placed = calls.signed(
            "order.place", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
            quantity="0.010", price=str(bid - 3000), newClientOrderId="pcall-51",
        )  # fmt: skip
        assert placed["status"] == 200
        assert {limit["rateLimitType"] for limit in placed["rateLimits"]} == {
            "REQUEST_WEIGHT",
            "ORDERS",
        }
        order = placed["result"]["orderId"]
        found = calls.signed("order.status", symbol="BTCUSDT", orderId=order)
        assert found["result"]["status"] == "NEW"
        canceled = calls.signed("order.cancel", symbol="BTCUSDT", origClientOrderId="pcall-51")
        assert canceled["result"]["status"] == "CANCELED"
        refused = calls.signed("order.cancel", symbol="BTCUSDT", orderId=order)
        assert (refused["status"], refused["error"]["code"]) == (400, -2011)
        wrong = calls.call("order.place", apiKey=venue.api_key, timestamp=0, signature="0")
        assert wrong["error"]["code"] == -1021
        assert calls.call("no.such")["status"] == 404


def test_a_session_of_ed25519_needs_no_more_signatures(venue: Venue) -> None:
    bid, _ = touch(venue)
    calls = venue.calls()
    with calls.socket:
        refused = calls.signed("session.logon")
        assert refused["error"]["code"] == -4056
        on = calls.signed("session.logon", ed25519=True)
        assert on["result"]["apiKey"] == venue.ed25519_key
        placed = calls.call(
            "order.place", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC",
            quantity="0.010", price=str(bid - 4000), timestamp=int(time.time() * 1000),
        )  # fmt: skip
        assert placed["status"] == 200
        calls.call("session.logout")
        refused = calls.call(
            "order.status", symbol="BTCUSDT", orderId=placed["result"]["orderId"], timestamp=0
        )
        assert refused["error"]["code"] == -2014


def test_spot_s_user_data_tells_every_step(spot: Venue) -> None:
    bid, _ = touch(spot)
    calls = spot.calls()
    with calls.socket:
        assert calls.signed("userDataStream.subscribe.signature")["result"] == {"subscriptionId": 0}
        limit(spot, "BUY", bid - 1000, newClientOrderId="pu-61")
        spot.signed(
            "DELETE", "/order", symbol="BTCUSDT", origClientOrderId="pu-61", newClientOrderId="c1"
        )
        limit(spot, "SELL", bid - 50, timeInForce="IOC", quantity="0.2", newClientOrderId="pu-62")
        events = [told["event"] for told in calls.drain() if "event" in told]
    reports = [event for event in events if event["e"] == "executionReport"]
    steps = [(one["c"], one["C"], one["x"], one["X"]) for one in reports[:3]]
    assert steps == [
        ("pu-61", "", "NEW", "NEW"),
        ("c1", "pu-61", "CANCELED", "CANCELED"),
        ("pu-62", "", "NEW", "NEW"),
    ]
    fills = [one for one in reports if one["x"] == "TRADE"]
    rows = executed(spot, 62)
    assert [(str(one["t"]), Decimal(one["n"]).scaleb(9)) for one in fills] == [
        (row["match"], Decimal(row["fee_e9"])) for row in rows
    ]
    assert fills[-1]["N"] == "USDT"
    assert Decimal(fills[-1]["z"]) == sum(Decimal(one["l"]) for one in fills)
    account = [event for event in events if event["e"] == "outboundAccountPosition"][-1]
    held = {one["a"]: Decimal(one["f"]) + Decimal(one["l"]) for one in account["B"]}
    assert held == balances(spot)


def test_usdm_goes_short_and_only_reduces(usdm: Venue) -> None:
    bid, ask = touch(usdm)
    _, key, _ = usdm.rest("POST", "/listenKey")
    with usdm.connect(f"/private/ws/{key['listenKey']}") as socket:
        status, told = limit(usdm, "BUY", ask, quantity="0.1", reduceOnly="true")
        assert told["code"] == -2022
        status, told = limit(
            usdm, "SELL", bid - 50, quantity="0.1", timeInForce="IOC", newOrderRespType="RESULT",
            newClientOrderId="ps-71",
        )  # fmt: skip
        assert (status, told["status"]) == (200, "FILLED")
        _, positions = usdm.signed("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")
        assert Decimal(positions[0]["positionAmt"]) == Decimal("-0.1")
        assert abs(Decimal(positions[0]["entryPrice"]) - Decimal(told["avgPrice"])) < 1
        _, ask = touch(usdm)
        status, told = limit(
            usdm, "BUY", ask + 100, quantity="0.1", timeInForce="IOC", reduceOnly="true",
            newOrderRespType="RESULT",
        )  # fmt: skip
        assert (status, told["status"], told["reduceOnly"]) == (200, "FILLED", True)
        _, positions = usdm.signed("GET", "/fapi/v2/positionRisk", symbol="BTCUSDT")
        assert Decimal(positions[0]["positionAmt"]) == 0
        events: list[dict[str, Any]] = []
        while not events or events[-1].get("a", {}).get("P", [{}])[0].get("pa") != "0.000":
            events.append(json.loads(socket.recv(timeout=5)))
    updates = [one["o"] for one in events if one["e"] == "ORDER_TRADE_UPDATE"]
    assert next(one["x"] for one in updates if one["c"] == "ps-71") == "NEW"
    assert {one["X"] for one in updates if one["x"] == "TRADE"} >= {"FILLED"}
    realized = sum(Decimal(one["rp"]) for one in updates)
    fees = sum(Decimal(one.get("n", "0")) for one in updates)
    _, wallet = usdm.signed("GET", "/fapi/v2/balance")
    usdt = next(one for one in wallet if one["asset"] == "USDT")
    account = [one for one in events if one["e"] == "ACCOUNT_UPDATE"][-1]
    assert account["a"]["B"][0]["wb"] == usdt["balance"]
    rows = executed(usdm, 71)
    assert fees != 0
    assert sum(int(row["qty"]) for row in rows) == 100
    assert Decimal(account["a"]["P"][0]["cr"]) == realized


def until_closed(socket: Socket) -> tuple[list[str | bytes], int | None]:
    """What came before the connection was closed, and its code; None where it was cut."""
    messages: list[str | bytes] = []
    try:
        while True:
            messages.append(socket.recv(timeout=5))
    except ConnectionClosed as closed:
        return messages, closed.rcvd and closed.rcvd.code


# -- faults and limits -----------------------------------------------------------------


def test_who_asks_too_much_is_sent_away_and_then_banned(tmp_path: Path) -> None:
    with running(tmp_path, "binance-spot", crypto="weight_limit = 50") as venue:
        statuses = []
        for _ in range(30):
            status, told, headers = venue.rest("GET", "/depth", {"symbol": "BTCUSDT"})
            statuses.append(status)
            if status == 429:
                assert told["code"] == -1003
                assert 0 < int(headers["Retry-After"]) <= 60
    assert statuses[:10] == [200] * 10
    assert statuses[10:20] == [429] * 10
    assert statuses[20:] == [418] * 10


def test_an_order_of_unknown_fate_can_be_asked_for(tmp_path: Path) -> None:
    with running(tmp_path, "binance-usdm", crypto="unknown_answers = 1") as venue:
        bid, _ = touch(venue)
        status, told = limit(venue, "BUY", bid - 1000, newClientOrderId="plost-9")
        assert status == 503
        status, told = venue.signed("GET", "/order", symbol="BTCUSDT", origClientOrderId="plost-9")
        assert (status, told["status"]) == (200, "NEW")


def test_lost_depth_shows_in_the_chain(tmp_path: Path) -> None:
    with (
        running(tmp_path, "binance-usdm", crypto="depth_loss = 0.3") as venue,
        venue.connect("/public/ws/btcusdt@depth@100ms") as socket,
    ):
        told = [json.loads(socket.recv(timeout=10)) for _ in range(20)]
    assert any(after["pu"] != before["u"] for before, after in itertools.pairwise(told))


def test_a_life_that_is_over_ends_after_a_word(tmp_path: Path) -> None:
    crypto = 'lifetime = "1s"\nping_every = "200ms"'
    with (
        running(tmp_path, "binance-spot", crypto=crypto) as venue,
        venue.connect("/ws/btcusdt@depth@100ms") as socket,
    ):
        messages, code = until_closed(socket)
    assert code == 1001
    assert "serverShutdown" in {json.loads(message)["e"] for message in messages}


def test_answers_can_be_late_and_links_cut(tmp_path: Path) -> None:
    crypto = 'answer_delay = "300ms"\ncut = 0.5'
    with running(tmp_path, "binance-spot", crypto=crypto) as venue:
        began = time.monotonic()
        assert venue.rest("GET", "/ping")[0] == 200
        assert time.monotonic() - began >= 0.3
        with venue.connect("/ws/btcusdt@depth@0ms") as socket:
            assert until_closed(socket)[1] is None  # cut, not closed
