"""Celery's settings that are known and checked here, and have no effect: what they tune is not there (yet), or needs no
tuning. Setting one is no error, for a configuration shall serve both; but nobody shall believe that it works."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

#: A test holds that these are exactly the kernel's settings that no code reads (tests/guards).
INERT = frozenset(
    """
    enable_utc broker_failover_strategy broker_login_method
    broker_connection_retry broker_connection_retry_on_startup broker_connection_max_retries
    broker_channel_error_retry broker_heartbeat broker_heartbeat_checkrate broker_pool_limit
    broker_pool_acquire_timeout broker_native_delayed_delivery_queue_type result_accept_content result_compression
    result_persistent result_backend_always_retry result_backend_max_retries
    result_backend_base_sleep_between_retries_ms result_backend_max_sleep_between_retries_ms
    result_backend_thread_safe result_cache_max result_exchange result_exchange_type
    task_protocol
    task_create_missing_queue_type task_create_missing_queue_exchange_type task_default_queue_type
    task_default_exchange_type task_default_routing_key task_default_delivery_mode
    task_queue_max_priority task_send_sent_event task_repr_maxlevels
    worker_enable_prefetch_count_reduction worker_eta_task_limit worker_lost_wait worker_pool_restarts
    worker_pool_putlocks worker_detect_quorum_queues
    worker_cancel_long_running_tasks_on_connection_loss
    worker_enable_soft_shutdown_on_idle worker_timer_precision
    """.split()  # noqa: SIM905  (sixty names read better as words)
)


def ineffective(changed: Iterable[str], values: Mapping[str, Any], defaults: Mapping[str, Any]) -> list[str]:
    """Of the settings that somebody has set, those that have no effect and are not at their default; sorted."""
    return sorted(name for name in INERT.intersection(changed) if values[name] != defaults[name])
