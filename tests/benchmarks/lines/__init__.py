"""The twelve lines, one file each, in the order of docs/benchmarks.md."""

from tests.benchmarks.lines import answers_webhook, broadcast_unpaced

LINES = (broadcast_unpaced.LINE, answers_webhook.LINE)
