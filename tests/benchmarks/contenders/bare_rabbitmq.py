"""The floor of a call: one basic.publish and its confirm, with py-amqp, and nothing around it."""

from __future__ import annotations

from collections.abc import Sequence

from ..brokers import Broker
from ..contender import Contender, Setup


class BareRabbitmq(Contender):
    name = "Bare confirms"
    broker = "rabbitmq"
    app = "bare_rabbitmq_app"
    distributions = ("amqp",)
    has_bulk = False
    make_app = (
        "import amqp\nfrom urllib.parse import urlsplit\nurl = urlsplit(os.environ['BENCH_BROKER_URL'])\n"
        "connection = amqp.Connection(f'{url.hostname}:{url.port}', url.username, url.password,\n"
        "    virtual_host=url.path[1:], confirm_publish=True)\nconnection.connect()"
    )
    first_send = "connection.channel().basic_publish(amqp.Message(b''), routing_key='bare')"
    drain = 20_000

    def environment(self, broker: Broker) -> dict[str, str]:
        return {"BENCH_BROKER_URL": broker.address, "BENCH_BACKEND_URL": "rpc://"}

    def setups(self) -> Sequence[Setup]:
        return ()

    def settings(self) -> str:
        return "no contender but the floor: py-amqp publishes a message that Umbel has made and waits for its confirm"


CONTENDER = BareRabbitmq()
