"""The fifteen lines, one file each, in the order of docs/benchmarks.md."""

from tests.benchmarks.lines import (
    answers_latency,
    answers_postgresql,
    answers_webhook,
    broadcast_free,
    broadcast_paid,
    broadcast_unpaced,
    check_ins,
    due_at_once,
    growth,
    memory_100k,
    outbox_plan,
    overview_100k,
    people_page_100k,
    reply_during_broadcast,
    start,
)

LINES = (
    broadcast_free.LINE,
    broadcast_paid.LINE,
    broadcast_unpaced.LINE,
    answers_webhook.LINE,
    answers_latency.LINE,
    answers_postgresql.LINE,
    outbox_plan.LINE,
    due_at_once.LINE,
    reply_during_broadcast.LINE,
    check_ins.LINE,
    memory_100k.LINE,
    start.LINE,
    growth.LINE,
    overview_100k.LINE,
    people_page_100k.LINE,
)
