"""How each of the servers is started."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import psycopg

from broker_servers.installing import node_modules
from broker_servers.process import Server, absent, free_port, program

#: What Azurite's documentation says, for everybody.
AZURITE_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
POSTGRES = [str(path) for path in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]


def moto(folder: Path) -> tuple[Server, str]:
    """SQS and SNS."""
    port = free_port()
    server = Server([sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)], folder)
    return server.until_port(port), f"sqs://key:secret@127.0.0.1:{port}//"


def azurite(folder: Path) -> tuple[Server, str]:
    """Azure's storage queues."""
    port = free_port()
    command = ["node", str(node_modules() / "azurite" / "dist" / "src" / "queue" / "main.js"), "--inMemoryPersistence"]
    command += ["--queueHost", "127.0.0.1", "--queuePort", str(port), "--skipApiVersionCheck", "--silent"]
    server = Server([*command, "--disableTelemetry"], folder).until_port(port)
    return server, f"azurestoragequeues://{AZURITE_KEY}@http://127.0.0.1:{port}/devstoreaccount1"


def pyro(folder: Path) -> tuple[Server, str]:
    """kombu's broker for Pyro, and a name server: on an address of their own, for kombu knows one port only."""
    host = f"127.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250}.1" if sys.platform == "linux" else "127.0.0.1"
    server = Server([sys.executable, str(Path(__file__).with_name("pyro_broker.py")), host], folder)
    return server.until((folder / "ready").exists), f"pyro://{host}/kombu.broker"


def zookeeper(folder: Path) -> tuple[Server, str]:
    java = program("java", "apt-get install zookeeper")
    jars = [
        Path("/usr/share/java") / f"{name}.jar" for name in ("zookeeper", "zookeeper-jute", "slf4j-api", "netty-all")
    ]
    if not jars[0].exists():
        absent("there is no ZooKeeper: apt-get install zookeeper")
    port = free_port()
    (folder / "zoo.cfg").write_text(
        f"dataDir={folder}/data\nclientPort={port}\nclientPortAddress=127.0.0.1\nadmin.enableServer=false\n"
        "tickTime=2000\nmaxClientCnxns=0\n"
    )
    path = ":".join([*map(str, Path("/usr/share/java").glob("netty-*.jar")), *map(str, jars), "/usr/share/java/*"])
    command = [
        java,
        "-Xmx128m",
        "-cp",
        path,
        "org.apache.zookeeper.server.quorum.QuorumPeerMain",
        str(folder / "zoo.cfg"),
    ]
    return Server(command, folder).until_port(port), f"zookeeper://127.0.0.1:{port}/"


def etcd(folder: Path) -> tuple[Server, str]:
    executable = program("etcd", "apt-get install etcd-server")
    port, peers = free_port(), free_port()
    url = f"http://127.0.0.1:{port}"
    command = [
        executable,
        "--data-dir",
        str(folder / "data"),
        "--listen-client-urls",
        url,
        "--advertise-client-urls",
        url,
    ]
    command += ["--listen-peer-urls", f"http://127.0.0.1:{peers}", "--enable-v2", "--unsafe-no-fsync"]
    return Server(command, folder).until_port(port), f"etcd://127.0.0.1:{port}/"


def postgres(folder: Path) -> tuple[Server, int]:
    """Nobody asks for a password."""
    where = [f"{place}/postgres" for place in POSTGRES]
    executable = next((each for each in where if Path(each).exists()), "") or program("postgres", "postgresql")
    initdb = str(Path(executable).with_name("initdb"))
    port = free_port()
    data = folder / "data"
    user = ""
    if os.geteuid() == 0:  # It refuses to run as root.
        user = "postgres"
        shutil.chown(folder, user, user)
        for parent in folder.parents:
            if parent.owner() == "root" and not parent.stat().st_mode & 0o001:
                parent.chmod(parent.stat().st_mode | 0o011)
    Server([initdb, "-A", "trust", "-U", "postgres", "-N", "-D", str(data)], folder, user=user).ended()
    command = [executable, "-D", str(data), "-p", str(port), "-c", "listen_addresses=127.0.0.1"]
    command += ["-c", "unix_socket_directories=", "-c", "fsync=off"]
    return Server(command, folder, user=user).until(lambda: _answers(port)), port


def _answers(port: int) -> bool:
    """It listens before it has started."""
    try:
        psycopg.connect(f"postgresql://postgres@127.0.0.1:{port}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True
