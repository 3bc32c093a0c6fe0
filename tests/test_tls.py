"""What the client refuses to talk to over TLS, and in which words."""

from __future__ import annotations

import datetime
import os
import socket
import ssl
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import trustme
from servers import LOOPBACK, Certificates, make_certificates, socket_server, upgrade

from pyscalp import _core

SOON = 20.0


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def client(
    port: int, ca_file: Path | str, host: str = "localhost"
) -> Iterator[_core.WebSocketClient]:
    made = _core.WebSocketClient(
        f"wss://{host}:{port}/",
        address=(LOOPBACK, port),
        ca_file=str(ca_file),
        backoff_first_s=60,
        backoff_most_s=60,
    )
    try:
        yield made
    finally:
        made.close(timeout_s=SOON)


def failure_of(one: _core.WebSocketClient) -> str:
    until = time.monotonic() + SOON
    while not one.failure:
        assert one.receive(0.02) is None
        assert time.monotonic() < until, one.state
    assert one.counters()["connections"] == 0
    return one.failure


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def refusal(
    tls: ssl.SSLContext, authority: trustme.CA, folder: Path, host: str = "localhost"
) -> str:
    """What the client says of a server that it must not talk to."""
    reached = []

    def talk(connection: socket.socket) -> None:
        # The server's handshake may end before the client has looked at the certificate.
        if connection.recv(1):
            reached.append(1)

    ca_file = folder / "authority.pem"
    authority.cert_pem.write_to_path(ca_file)
    with socket_server(talk, tls) as port, client(port, ca_file, host) as one:
        said = failure_of(one)
    assert not reached, "it sent a request to a server that it refused"
    return said


def test_an_authority_of_others_is_trusted(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")

    def talk(connection: socket.socket) -> None:
        upgrade(connection)
        connection.sendall(b"\x81\x02ok")
        connection.recv(100)

    tls = context_of(authority.issue_cert("venue.example", LOOPBACK))
    for host in ("venue.example", LOOPBACK):
        with (
            socket_server(talk, tls) as port,
            client(port, tmp_path / "authority.pem", host) as one,
        ):
            assert one.receive(SOON) == (1, b"ok"), one.failure


def test_a_wrong_host(authority: trustme.CA, tmp_path: Path) -> None:
    tls = context_of(authority.issue_cert("venue.example", "10.0.0.1"))
    for host in ("other.example", "sub.venue.example", LOOPBACK):
        assert refusal(tls, authority, tmp_path, host) == (
            f"the certificate is not for {host} but for venue.example, 10.0.0.1; "
            "check the host's name in the URL"
        )


def test_an_expired_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    yesterday = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days=1)
    tls = context_of(authority.issue_cert("localhost", not_after=yesterday))
    assert refusal(tls, authority, tmp_path) == (
        "the certificate of localhost has expired; the server needs a new one "
        "(or this machine's clock is wrong)"
    )


def test_a_certificate_of_the_future(authority: trustme.CA, tmp_path: Path) -> None:
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    tls = context_of(authority.issue_cert("localhost", not_before=tomorrow))
    assert refusal(tls, authority, tmp_path) == (
        "the certificate of localhost is not valid yet; check this machine's clock"
    )


def test_a_self_signed_certificate(authority: trustme.CA, tmp_path: Path) -> None:
    alone = tmp_path / "alone.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
        + ["-nodes", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
        + ["-days", "2", "-keyout", str(tmp_path / "alone.key"), "-out", str(alone)],
        check=True,
        capture_output=True,
    )
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(alone, tmp_path / "alone.key")
    assert refusal(tls, authority, tmp_path) == (
        "the certificate of localhost is signed by itself, and not trusted; name a file "
        "with the certificate authority that you trust"
    )


def test_an_unknown_authority(authority: trustme.CA, tmp_path: Path) -> None:
    tls = context_of(trustme.CA().issue_cert("localhost"))
    assert refusal(tls, authority, tmp_path) == (
        "the certificate of localhost is signed by an authority that is not trusted "
        "(the CA file does not hold it)"
    )


def test_our_own_authority_is_not_in_the_systems_store(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "localhost")
    with (
        socket_server(lambda connection: None, certificates.server()) as port,
        client(port, "") as one,
    ):
        said = failure_of(one)
    assert "is signed by an authority that is not trusted; name a file with it" in said


@pytest.mark.parametrize("version", ["TLSv1", "TLSv1_1"])
def test_old_versions(version: str, authority: trustme.CA, tmp_path: Path) -> None:
    tls = context_of(authority.issue_cert("localhost"))
    old = ssl.TLSVersion[version]
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        tls.minimum_version = tls.maximum_version = old
    tls.set_ciphers("ALL:@SECLEVEL=0")
    # The server does speak it: a client that allows it gets through.
    lenient = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(lenient)
    with pytest.warns(DeprecationWarning, match="TLSVersion"):
        lenient.minimum_version = old
    lenient.set_ciphers("ALL:@SECLEVEL=0")
    with socket_server(lambda connection: None, tls) as port:
        try:
            with (
                socket.create_connection((LOOPBACK, port), SOON) as bare,
                lenient.wrap_socket(bare, server_hostname="localhost") as wrapped,
            ):
                assert wrapped.version() == version.replace("_", ".")
        except ssl.SSLError as error:
            pytest.skip(f"this machine's OpenSSL serves no {version}: {error}")
    assert refusal(tls, authority, tmp_path) == (
        "localhost offers no version of TLS from 1.2 on; older ones are not safe"
    )


def test_version_1_2_is_accepted(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    tls = context_of(authority.issue_cert("localhost"))
    tls.maximum_version = ssl.TLSVersion.TLSv1_2

    def talk(connection: socket.socket) -> None:
        upgrade(connection)
        connection.recv(100)

    with socket_server(talk, tls) as port, client(port, tmp_path / "authority.pem") as one:
        assert one.wait_open(SOON), one.failure
        assert one.tls_version == "TLSv1.2"


def test_a_plain_port(authority: trustme.CA, tmp_path: Path) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")

    def talk(connection: socket.socket) -> None:
        connection.recv(4_096)
        connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with socket_server(talk) as port, client(port, tmp_path / "authority.pem") as one:
        assert failure_of(one) == "localhost does not speak TLS; check the scheme and the port"


def cut_by_fin(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_WR)


def cut_by_reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, 0, 0, 0, 0, 0, 0, 0]))
    os.close(connection.detach())


@pytest.mark.parametrize("cut", [cut_by_fin, cut_by_reset])
@pytest.mark.parametrize("amid", [False, True], ids=["between", "amid a message"])
def test_a_cut_is_named(cut: Callable[[socket.socket], None], amid: bool, tmp_path: Path) -> None:
    certificates: Certificates = make_certificates(tmp_path, "localhost")

    def talk(connection: socket.socket) -> None:
        upgrade(connection)
        connection.sendall(b"\x81\x02ok" + (b"\x81\x7dhalf of what is" if amid else b""))
        connection.recv(100)  # the client has it
        cut(connection)

    with (
        socket_server(talk, certificates.server()) as port,
        client(port, certificates.authority) as one,
    ):
        assert one.receive(SOON) == (1, b"ok"), one.failure
        assert one.send_text("cut")
        until = time.monotonic() + SOON
        while not one.failure:
            assert one.receive(0.02) is None
            assert time.monotonic() < until
        assert one.failure == (
            "the connection was cut: localhost did not announce its end, bytes may be missing"
        )
        assert (one.end, one.close_code, one.counters()["cuts"]) == ("ended", 1006, 1)


def test_the_key_is_for_its_owner_alone(tmp_path: Path) -> None:
    certificates = make_certificates(tmp_path, "localhost", LOOPBACK)
    assert stat.S_IMODE(certificates.key.stat().st_mode) == 0o600
    verified = subprocess.run(
        ["openssl", "verify", "-purpose", "sslserver", "-x509_strict", "-verify_hostname"]
        + ["localhost", "-CAfile", str(certificates.authority), str(certificates.certificate)],
        capture_output=True,
        text=True,
    )
    assert verified.returncode == 0, verified.stderr
    with pytest.raises(OSError, match="neither a host's name nor an IPv4 address: a b"):
        make_certificates(tmp_path, "a b")
