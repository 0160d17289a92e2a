"""TLS, with a real node that has a certificate."""

from __future__ import annotations

import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from umbel.exceptions import PermanentError
from umbel.model import Message, Settlement
from umbel_conformance.rabbitmq_server import RabbitmqServer
from umbel_rabbitmq.settings import RabbitmqSettings
from umbel_rabbitmq.transport import RabbitmqTransport


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, signed by itself; its key is beside it."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl on the PATH to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    made, key = folder / "certificate.pem", folder / "key.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(
        [openssl, "req", "-x509", *kind, *name, "-keyout", key, "-out", made], check=True, capture_output=True
    )
    return made


@pytest.fixture(scope="module")
def url(start_server: Callable[..., RabbitmqServer], certificate: Path) -> str:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    lines = [
        f"listeners.ssl.1 = 127.0.0.1:{port}",
        f"ssl_options.certfile = {certificate}",
        f"ssl_options.keyfile = {certificate.with_name('key.pem')}",
        "ssl_options.verify = verify_none",
    ]
    server = start_server("\n".join(lines))
    return server.url(port=port).replace("amqp:", "amqps:")


def test_messages_go_there_and_back(url: str, certificate: Path) -> None:
    transport = RabbitmqTransport(url, RabbitmqSettings(use_ssl={"ca_certs": str(certificate)}))
    bodies = [b"small", b"x" * 2_000_000]  # more than one record, and more than one frame
    transport.publish([Message("q", body) for body in bodies])
    taken = [transport.reserve(["q"], 1, 20.0)[0] for _ in bodies]
    assert [one.message.body for one in taken] == bodies
    assert list(transport.settle([Settlement(one) for one in taken])) == []
    transport.close()


def test_a_server_whose_certificate_nobody_knows_is_refused(url: str) -> None:
    transport = RabbitmqTransport(url)
    with pytest.raises(PermanentError, match="name who signed the server's"):
        transport.publish([Message("q", b"")])
    transport.close()


def test_a_server_that_speaks_no_tls_there(rabbitmq_server: RabbitmqServer) -> None:
    transport = RabbitmqTransport(rabbitmq_server.url().replace("amqp:", "amqps:"))
    with pytest.raises(PermanentError, match="the server does not speak TLS there"):
        transport.publish([Message("q", b"")])
    transport.close()
