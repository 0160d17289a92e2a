"""The command works: what it says of speed is for people to judge, and no test asserts it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.apps.resp import ask
from tests.benchmarks.brokers import redis

pytestmark = pytest.mark.needs("umbel-sqlite", "umbel-prefork", "umbel-cli")

REPOSITORY = Path(__file__).resolve().parents[2]


def test_the_command_prints_a_table_and_writes_everything_as_json(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--quick", "--with", "umbel", "--only", "round trip,enqueue"]
    ran = subprocess.run([*command, "--json", str(file)], cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert "| Umbel prefork 2, default |" in ran.stdout
    assert "*RQ* is not measured on sqlite: Redis only." in ran.stdout
    found = json.loads(file.read_text())
    assert {row["measurement"] for row in found["rows"]} == {"round trip", "enqueue"}
    for row in found["rows"]:
        assert row["trouble"] is None
        assert all(value > 0 for values in row["numbers"].values() for value in values)
    assert {target["met"] for target in found["targets"]} >= {None}, "what was not measured is neither met nor missed"


@pytest.mark.needs("umbel-redis")
def test_on_redis_it_holds_umbel_against_the_bare_round_trip(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--broker", "redis", "--quick"]
    command += ["--with", "umbel,bare lpush", "--only", "round trip,enqueue", "--json", str(file)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(file.read_text())
    assert [row["contender"] for row in found["rows"] if row["group"] == "one by one"] == ["Umbel", "Bare LPUSH"]
    for row in found["rows"]:
        assert row["trouble"] is None
        assert all(value > 0 for values in row["numbers"].values() for value in values)
    assert "delay() ≥ 75 % of the bare LPUSH" in {
        each["target"] for each in found["targets"] if each["met"] is not None
    }


@pytest.mark.needs("umbel-redis", "umbel-threads", "umbel-gevent", "umbel-eventlet", "umbel-asyncio", "umbel-ratelimit")
def test_on_redis_it_holds_pools_against_what_is_promised_of_them(tmp_path: Path) -> None:
    file = tmp_path / "run.json"
    command = [sys.executable, "-m", "tests.benchmarks", "--broker", "redis", "--quick", "--with", "umbel"]
    command += ["--only", "pools,sleepers,scaling,limits", "--json", str(file)]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    found = json.loads(file.read_text())
    assert [row["trouble"] for row in found["rows"] if row["trouble"]] == []

    def groups(measurement: str) -> list[str]:
        return [row["group"].split()[0] for row in found["rows"] if row["measurement"] == measurement]

    def numbers(measurement: str, key: str) -> list[float]:
        return [row["numbers"][key][0] for row in found["rows"] if row["measurement"] == measurement]

    pools = ["solo", "prefork", "threads", "gevent", "eventlet", "asyncio"]
    assert list(dict.fromkeys(groups("pools"))) == pools
    assert groups("sleepers") == ["gevent", "eventlet", "asyncio"]
    assert all(seconds >= 1 for seconds in numbers("sleepers", "wall_s")), "each has slept for a second"
    assert len(numbers("scaling", "cpu_us")) == 2
    assert all(each > 900 for each in numbers("scaling", "cpu_us")), "each has had its millisecond"
    assert len(numbers("limits", "cpu_us")) == 4
    judged = " ".join(each["target"] for each in found["targets"] if each["met"] is not None)
    for promise in (
        "10,000 × asyncio.sleep(1)",
        "two children ≥ 90 %",
        "time limits elsewhere",
        "rate limit elsewhere",
    ):
        assert promise in judged


@pytest.mark.needs("umbel-redis")
def test_a_redis_server_says_what_others_had_it_do(tmp_path: Path) -> None:
    with redis.open_broker(tmp_path, redis.DURABILITIES[0]) as broker:
        assert broker.server is not None
        before, cpu_s, memory = broker.server.commands(), broker.server.cpu_s(), broker.server.memory()
        assert ask(broker.address, "LPUSH", "list", "x" * 100_000) == 1
        assert broker.server.commands() - before == 1, "what asks for it is not counted"
        assert broker.server.cpu_s() > cpu_s
        assert broker.server.memory() - memory > 100_000


def test_a_measurement_that_does_not_exist_is_refused_with_the_names_of_those_that_do() -> None:
    command = [sys.executable, "-m", "tests.benchmarks", "--only", "speed"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 2
    assert "no measurement speed; there are: drain, enqueue, together, round trip" in ran.stderr


@pytest.mark.needs("umbel-redis")
def test_it_shows_where_the_time_of_a_task_goes() -> None:
    command = [sys.executable, "-m", "tests.benchmarks.way", "--quick"]
    ran = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    steps = [line.split(" | ")[0].removeprefix("| ") for line in ran.stdout.splitlines() if line.startswith("| ")]
    assert {"call", "message", "publish", "reserve", "admit", "execute", "store", "settle"} <= set(steps)
