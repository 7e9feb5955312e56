"""Figures for Prometheus: read when somebody asks for them, from the counters that the parts keep anyway.

Nothing is counted twice and nothing here is on the way of a message. What only the database knows is one
survey, shared by all who ask within some seconds. No label names a person, a chat or a text, and each has a
few values that are known beforehand, so the page stays small whatever happens.

docs/observing.md says what each figure means, and a test that none is missing there.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final, get_args

from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import choose_encoder

from bot.clock import Clock
from bot.delivery.pacer import Pacer
from bot.delivery.sender import Sender
from bot.domain.outcomes import Outcome
from bot.health import Fresh, Health, Pulse
from bot.intake import Intake
from bot.storage.database import Database, DatabaseError
from bot.storage.owed import Owed, survey
from bot.tally import Tally

SURVEYED_EVERY: Final = 5.0
"""Seconds for which a survey of the outbox is believed: a scrape every second costs no more."""


class Metrics:
    """The page of figures of one process; what it does not do, it has no figures of."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        pulse: Pulse,
        health: Health,
        build: Mapping[str, str],
        *,
        sender: Sender | None = None,
        pacer: Pacer | None = None,
        intake: Intake | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._pulse = pulse
        self._health = health
        self._build = build
        self._sender = sender
        self._pacer = pacer
        self._intake = intake
        self._owed = Fresh(self._survey, keep=SURVEYED_EVERY)

    async def page(self, accept: str) -> tuple[bytes, str]:
        """The figures as an Accept header wants them, with their content type."""
        try:
            owed = await self._owed.get()
        except (TimeoutError, DatabaseError):
            owed = None  # the other figures are wanted all the more
        encode, kind = choose_encoder(accept)
        registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        registry.register(_Figures(list(self._figures(owed))))
        return encode(registry), kind

    async def close(self) -> None:
        """Give up what is being asked."""
        await self._owed.close()

    async def _survey(self) -> tuple[Owed, datetime]:
        now = self._clock.now()
        return await self._database.read(survey, now), now

    # --- the figures -----------------------------------------------------------------------------------

    def _figures(self, owed: tuple[Owed, datetime] | None) -> Iterator[Metric]:
        yield _gauge("build_info", "What runs: always 1.", {tuple(self._build.items()): 1})
        yield _histogram("loop_stall_seconds", "How late the event loop came to a beat.", self._pulse.stalls)
        checks = {_label("check", name): found.well for name, found in self._health.last.items()}
        yield _gauge("check_ok", "Whether a check of /readyz held when it was last asked.", checks)
        if self._sender is not None:
            yield from _of_sender(self._sender)
        if self._pacer is not None:
            yield from _of_pacer(self._pacer)
        if self._intake is not None:
            yield from _of_intake(self._intake)
        yield from self._of_database(known=owed is not None)
        if owed is not None:
            yield from _of_outbox(*owed)

    def _of_database(self, *, known: bool) -> Iterator[Metric]:
        statistics = self._database.statistics
        yield _gauge("database_up", "Whether the outbox could be looked at for this page.", {(): known})
        yield _gauge("database_waiting", "Use cases that wait for a writer.", {(): self._database.waiting})
        yield _counter("database_commits", "Commits.", {(): statistics.commits})
        yield _counter(
            "database_transactions", "Use cases that were committed.", {(): statistics.transactions}
        )
        yield _histogram("database_batch_size", "Use cases in one commit.", statistics.batches)


def _of_sender(sender: Sender) -> Iterator[Metric]:
    counts = sender.counts
    outcomes = {_label("outcome", _snake(kind.__name__)): counts[kind.__name__] for kind in get_args(Outcome)}
    yield _counter("calls", "Messages tried, by how the call ended; hold_back is a 429.", outcomes)
    yield _counter("messages_late", "Messages sent after their 'everybody by'.", {(): counts["late"]})
    yield _gauge(
        "pace_waiting",
        "Messages in view that wait for their turn.",
        {(): sender.in_view - sender.in_flight},
    )
    yield _histogram(
        "reply_seconds", "From an update's arrival to its reply's being there.", sender.reply_seconds
    )


def _of_pacer(pacer: Pacer) -> Iterator[Metric]:
    yield _gauge("pace_allowed", "Messages a second that may be sent now.", {(): pacer.allowed})
    yield _gauge("pace_used", "Messages of the last second.", {(): pacer.used})
    yield _gauge("pace_paused_seconds", "Until anything may be sent.", {(): pacer.paused_for})


def _of_intake(intake: Intake) -> Iterator[Metric]:
    results = {
        _label("result", result): intake.counts[result.replace("_", " ")]
        for result in ("taken", "failed", "given_up")
    }
    yield _counter("updates", "Updates, by what became of them.", results)
    yield _histogram("update_seconds", "From an update's arrival to its commit.", intake.seconds)


def _of_outbox(owed: Owed, now: datetime) -> Iterator[Metric]:
    queues = {lane.name.lower(): queue for lane, queue in owed.queues.items()}
    open_rows = {
        (*_label("lane", lane), *_label("state", state)): number
        for lane, queue in queues.items()
        for state, number in (
            ("due", queue.due),
            ("later", queue.later),
            ("again", queue.again),
            ("sending", queue.sending),
        )
    }
    yield _gauge("outbox_messages", "Messages that are owed.", open_rows)

    def by_lane(name: str, meaning: str, figures: Mapping[str, float]) -> Metric:
        return _gauge(name, meaning, {_label("lane", lane): figure for lane, figure in figures.items()})

    yield by_lane(
        "outbox_oldest_seconds",
        "For how long the oldest message that is due has been due.",
        {lane: _seconds(queue.due_since, now) for lane, queue in queues.items()},
    )
    yield by_lane(
        "outbox_overdue_messages",
        "Messages owed past their 'everybody by'.",
        {lane: queue.overdue for lane, queue in queues.items()},
    )
    yield by_lane(
        "outbox_overdue_seconds",
        "By how much the latest of them is late.",
        {lane: _seconds(queue.overdue_since, now) for lane, queue in queues.items()},
    )
    late = sum(queue.late_waves for queue in owed.queues.values())
    yield _gauge("waves_late", "Ringings with messages owed past their 'everybody by'.", {(): late})
    yield _gauge(
        "waves_forecast_late_seconds",
        "By how much the latest wave under way is expected to miss its 'everybody by'.",
        {(): owed.forecast_late.total_seconds()},
    )
    waves = {_label("state", state): number for state, number in owed.waves.items()}
    yield _gauge("waves", "Ringings of the timetable, by what became of them.", waves)


# --- how they are written -----------------------------------------------------------------------------

_Labels = tuple[tuple[str, str], ...]


class _Figures:
    """What a registry asks for its figures."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def _gauge(name: str, meaning: str, values: Mapping[_Labels, float]) -> Metric:
    metric = GaugeMetricFamily(f"rekan_{name}", meaning)
    for labels, value in values.items():
        metric.add_sample(metric.name, dict(labels), float(value))
    return metric


def _counter(name: str, meaning: str, values: Mapping[_Labels, float]) -> Metric:
    metric = CounterMetricFamily(f"rekan_{name}", meaning)
    for labels, value in values.items():
        metric.add_sample(f"{metric.name}_total", dict(labels), float(value))
    return metric


def _histogram(name: str, meaning: str, tally: Tally) -> Metric:
    numbers = tally.cumulative()
    buckets = [(str(float(bound)), number) for bound, number in zip(tally.bounds, numbers[:-1], strict=True)]
    metric = HistogramMetricFamily(f"rekan_{name}", meaning)
    metric.add_metric([], [*buckets, ("+Inf", numbers[-1])], sum_value=tally.sum)
    return metric


def _label(name: str, value: str) -> _Labels:
    return ((name, value),)


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).removeprefix("_")


def _seconds(since: datetime | None, now: datetime) -> float:
    return 0.0 if since is None else max(0.0, (now - since).total_seconds())
