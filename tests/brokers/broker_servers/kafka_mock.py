"""A process with librdkafka's mock clusters: one more for each line that it reads, whose address it writes.

A cluster is one broker that speaks Kafka's protocol over TCP. It lives as long as its producer, which is to say this
process.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path
from typing import Any

import confluent_kafka


def main() -> None:
    clusters = []
    for _ in sys.stdin:
        clusters.append(_cluster())
        print(clusters[-1][1], flush=True)


def _cluster() -> tuple[Any, str]:
    """The client that holds it, and its address."""
    rdkafka = ctypes.CDLL(_library())
    for name in ("rd_kafka_conf_new", "rd_kafka_new", "rd_kafka_handle_mock_cluster"):
        getattr(rdkafka, name).restype = ctypes.c_void_p
    rdkafka.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    settings, error = ctypes.c_void_p(rdkafka.rd_kafka_conf_new()), ctypes.create_string_buffer(512)
    for option, value in ((b"test.mock.num.brokers", b"1"), (b"log_level", b"0")):
        rdkafka.rd_kafka_conf_set(settings, option, value, error, 512)
    producer = 0
    client = ctypes.c_void_p(rdkafka.rd_kafka_new(producer, settings, error, 512))
    cluster = ctypes.c_void_p(rdkafka.rd_kafka_handle_mock_cluster(client))
    # Three seconds otherwise, for each consumer that comes first.
    rdkafka.rd_kafka_mock_group_initial_rebalance_delay_ms(cluster, 0)
    return client, rdkafka.rd_kafka_mock_cluster_bootstraps(cluster).decode()


def _library() -> str:
    """The one that the wheel of confluent-kafka has with it."""
    package = Path(confluent_kafka.__file__).parent
    return str(next(package.with_name("confluent_kafka.libs").glob("librdkafka*")))


if __name__ == "__main__":
    main()
