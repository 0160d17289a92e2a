"""A process with a name server of Pyro's, and kombu's broker under the name that kombu's documentation uses.

It listens on the host that it is given, and makes the file `ready` in its folder when it does.
"""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import Pyro4
from kombu.transport.pyro import KombuBroker
from Pyro4 import naming


def main(host: str) -> None:
    _, names, _ = naming.startNS(host=host, port=9090, enableBroadcast=False)
    threading.Thread(target=names.requestLoop, daemon=True).start()
    daemon = Pyro4.Daemon(host=host)
    Pyro4.locateNS(host=host, port=9090).register("kombu.broker", daemon.register(KombuBroker))
    Path("ready").touch()
    daemon.requestLoop()


if __name__ == "__main__":
    main(sys.argv[1])
