"""What URLs mean, and that one gets there: by TCP, by a Unix socket, by TLS, with a password."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hiredis
import pytest

from umbel.exceptions import ImproperlyConfigured, PermanentError, TemporaryError
from umbel.model import Message
from umbel_conformance.redis_server import RedisServer
from umbel_redis.location import Location, parse
from umbel_redis.settings import RedisSettings
from umbel_redis.transport import RedisTransport

StartServer = Callable[..., Any]


def location(url: str, **settings: Any) -> Location:
    return parse(url, RedisSettings(**settings))[0]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://", Location("single", (("localhost", 6379),))),
        ("redis://host:1234/5", Location("single", (("host", 1234),), db=5)),
        ("redis://host?db=5", Location("single", (("host", 6379),), db=5)),
        ("redis://host/?virtual_host=5", Location("single", (("host", 6379),), db=5)),
        ("redis://:p%40ss@host", Location("single", (("host", 6379),), password="p@ss")),
        ("redis://me:pass@host", Location("single", (("host", 6379),), username="me", password="pass")),
        ("redis://[::1]:1234", Location("single", (("::1", 1234),))),
        ("rediss://host", Location("single", (("host", 6379),), tls={})),
        ("unix:///run/redis.sock?db=2", Location("single", (), path="/run/redis.sock", db=2)),
        ("redis+socket:///run/redis.sock?virtual_host=2", Location("single", (), path="/run/redis.sock", db=2)),
        ("unix://:pass@/run/redis.sock", Location("single", (), path="/run/redis.sock", password="pass")),
        ("redis+cluster://a:1,b", Location("cluster", (("a", 1), ("b", 6379)))),
        ("rediss+cluster://a", Location("cluster", (("a", 6379),), tls={})),
        (
            "sentinel://:pass@a:1/3;sentinel://b?master_name=mine",
            Location("sentinel", (("a", 1), ("b", 26379)), db=3, password="pass"),
        ),
    ],
)
def test_a_url_says_where_the_server_is(url: str, expected: Location) -> None:
    assert location(url, master_name="mine") == expected


def test_the_query_counts_more_than_the_settings() -> None:
    _, settings = parse("redis://host?socket_timeout=2.5&priority_steps=0,5", RedisSettings(socket_timeout=9.0))
    assert (settings.socket_timeout, settings.priority_steps) == (2.5, [0, 5])


@pytest.mark.parametrize(
    "said", ["CERT_NONE", "none", ssl.CERT_NONE], ids=["Celery's word", "redis-py's word", "Python's word"]
)
def test_options_of_tls_may_be_said_in_celerys_ways(said: Any) -> None:
    expected = {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    assert location("redis://host", use_ssl={"ssl_cert_reqs": said}).tls == expected
    if isinstance(said, str):
        assert location(f"rediss://host?ssl_cert_reqs={said}").tls == expected


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://host/name", "expected the number of a database, found 'name'"),
        ("redis://host:port", "'host:port' is no host:port"),
        ("redis://host?sockettimeout=3", "unknown in the query: sockettimeout"),
        ("redis://host?socket_timeout=soon", "socket_timeout='soon'"),
        ("redis://host?socket_timeout=0", "socket_timeout"),
        ("unix://relative.sock", "expected unix:///absolute/path.sock"),
        ("sentinel://host", "which master"),
        ("redis+cluster://host/1", "a cluster has database 0 only"),
    ],
)
def test_a_url_that_means_nothing_is_refused_and_its_password_not_shown(url: str, reason: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        location(url.replace("://", "://me:secret@"))
    assert reason in str(refused.value)
    assert "secret" not in str(refused.value)


def reaches(url: str, **settings: Any) -> bool:
    transport = RedisTransport(url, RedisSettings(**settings))
    try:
        transport.publish([Message("q", b"there")])
        transport.fanout().subscribe("x").close()
        return [one.message.body for one in transport.reserve(["q"], 1, 5.0)] == [b"there"]
    finally:
        transport.close()


def test_a_unix_socket_is_reached(start_server: StartServer, tmp_path: Path) -> None:
    start_server("--unixsocket", str(tmp_path / "s"))
    assert reaches(f"unix://{tmp_path}/s?db=3")
    assert reaches(f"redis+socket://{tmp_path}/s")


def test_who_wants_no_tls_does_not_wait_for_redis_py(redis_server: RedisServer, database: int) -> None:
    """To import it takes longer than all the rest of a first call."""
    url = redis_server.url(database)
    program = f"""
import sys
from umbel import Umbel
app = Umbel("proj", broker={url!r}, backend={url!r})
app.send_task("nobody.knows")
assert app.AsyncResult("nobody").state == "PENDING"
assert "hiredis" in sys.modules
print([name for name in ("redis", "asyncio", "ssl") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "[]\n", done.stderr


def test_a_socket_that_is_not_there_is_a_temporary_error(tmp_path: Path) -> None:
    with pytest.raises(TemporaryError, match=r"nobody\.sock"):
        reaches(f"unix://{tmp_path}/nobody.sock")


def test_a_password_is_used_and_a_wrong_one_is_said_to_be(start_server: StartServer) -> None:
    server = start_server("--requirepass", "secret")
    place = f"127.0.0.1:{server.port}"
    assert reaches(f"redis://:secret@{place}")
    assert reaches(f"redis://default:secret@{place}")
    assert reaches(f"redis://{place}", password="secret")
    with pytest.raises(PermanentError, match="password in the URL is wrong"):
        reaches(f"redis://:wrong@{place}")
    with pytest.raises(PermanentError, match="it wants a password"):
        reaches(f"redis://{place}")


def test_a_database_that_there_is_not_is_said_to_be(own_server: Any) -> None:
    with pytest.raises(PermanentError, match="DB index is out of range"):
        reaches(own_server.url(99))


def test_a_user_who_may_not_do_that_is_told_so(own_server: Any) -> None:
    own_server.call("ACL", "SETUSER", "weak", "on", ">pass", "~*", "+ping", "+sadd")
    with pytest.raises(PermanentError, match=r"NOPERM.*ACL"):
        reaches(f"redis://weak:pass@127.0.0.1:{own_server.port}")


def test_a_server_that_tells_nothing_is_looked_at_again_and_again(own_server: Any) -> None:
    try:
        own_server.call("ACL", "SETUSER", "default", "-client|tracking")
    except hiredis.ReplyError:
        pytest.skip("before Redis 7 a user may have all of CLIENT, or nothing")
    assert reaches(own_server.url())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signed itself, in a folder with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl on the PATH to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"),
            *("-keyout", "key.pem", "-out", "cert.pem", "-days", "2", "-subj", "/CN=localhost"),
            *("-addext", "subjectAltName=IP:127.0.0.1"),
        ],
        cwd=folder,
        check=True,
        capture_output=True,
    )
    return folder


def start_tls(start_server: StartServer, *options: str) -> Any:
    try:
        return start_server(*options)
    except AssertionError as error:
        if not re.search("Bad directive|TLS support", str(error)):
            raise
        pytest.skip("this server was built without TLS")


def test_tls_is_spoken_and_the_certificate_checked(start_server: StartServer, certificate: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = start_tls(
        start_server,
        *("--tls-cert-file", str(certificate / "cert.pem"), "--tls-key-file", str(certificate / "key.pem")),
        *("--tls-ca-cert-file", str(certificate / "cert.pem"), "--tls-auth-clients", "no"),
        *("--tls-port", str(port)),
    )
    url = f"rediss://127.0.0.1:{port}"
    assert reaches(f"{url}?ssl_ca_certs={certificate}/cert.pem")
    assert reaches(f"redis://127.0.0.1:{port}", use_ssl={"ssl_ca_certs": f"{certificate}/cert.pem"})
    assert reaches(f"{url}?ssl_cert_reqs=none")
    with pytest.raises(PermanentError, match=r"certificate.*ssl_ca_certs"):
        reaches(url)
    with pytest.raises(TemporaryError, match="Timeout"):
        reaches(f"rediss://127.0.0.1:{server.port}?socket_timeout=0.3")
