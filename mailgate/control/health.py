"""The pages for monitoring, beside the API: `/livez`, `/readyz` and `/metrics`.

The first two are for probes that have no token: they say yes or no, and the reasons only to who has it. Numbers are
written down for Prometheus by its own library, which is imported here and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from mailgate.control.replying import OK, Reply
from mailgate.control.site import APIRequest, Page
from mailgate.metrics.families import Counter, Family, Gauge, Histogram

NOT_READY: Final = 503  # RFC 9110 section 15.6.4
_OPEN_METRICS: Final = "application/openmetrics-text"
_TEXT: Final = "text/plain; charset=utf-8"


def health_pages(
    failing: Callable[[], Mapping[str, str]], families: Callable[[], Iterable[Family]]
) -> tuple[Page, ...]:
    """`failing` gives the reasons why the gateway is not ready, by the names of its checks: none, and it is."""
    exposition = _Exposition(families)
    return (
        Page("/livez", _live, is_open=True),
        Page("/readyz", lambda request: _ready(failing(), request.is_trusted), is_open=True),
        Page("/metrics", lambda request: exposition.page(request.getHeader("accept") or "")),
    )


def _live(request: APIRequest) -> Reply:
    # That this is answered is all there is to tell: the reactor runs.
    return Reply(OK, b"ok\n", {"Content-Type": _TEXT})


def _ready(failing: Mapping[str, str], is_trusted: bool) -> Reply:
    told = {"ready": not failing, **({"reasons": failing} if failing and is_trusted else {})}
    return Reply(NOT_READY if failing else OK, json.dumps(told).encode("ascii"))


class _Exposition:
    """What Prometheus reads, or OpenMetrics if it asks for that."""

    def __init__(self, families: Callable[[], Iterable[Family]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_Families(families))
        ProcessCollector(registry=self._registry)  # memory, files, CPU: on Linux

    def page(self, accept: str) -> Reply:
        # Of the field only this much is handed on: versions that are none make the library raise.
        wanted = _OPEN_METRICS if _OPEN_METRICS in accept.lower() else ""
        encode, content_type = choose_encoder(wanted)
        return Reply(OK, encode(self._registry), {"Content-Type": content_type})


class _Families(Collector):
    """Our families, as the library has them."""

    def __init__(self, families: Callable[[], Iterable[Family]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        for family in self._families():
            if isinstance(family, Counter):
                yield _counter(family)
            elif isinstance(family, Histogram):
                yield _histogram(family)
            else:
                yield _gauge(family)

    def describe(self) -> Iterator[Metric]:
        """Nothing: the registry would ask for all numbers only to learn their names."""
        return iter(())


def _counter(family: Counter) -> Metric:
    metric = CounterMetricFamily(family.name, family.help, labels=family.labels)
    for labels, value in family.values.items():
        metric.add_metric(labels, value)
    return metric


def _gauge(family: Gauge) -> Metric:
    metric = GaugeMetricFamily(family.name, family.help, labels=family.labels)
    for labels, value in family.read().items():
        metric.add_metric(labels, value)
    return metric


def _histogram(family: Histogram) -> Metric:
    metric = HistogramMetricFamily(family.name, family.help, labels=family.labels)
    bounds = [*map(floatToGoString, family.bounds), "+Inf"]
    for labels, distribution in family.values.items():
        so_far, buckets = 0, []
        for bound, count in zip(bounds, distribution.counts, strict=True):
            so_far += count
            buckets.append((bound, float(so_far)))
        metric.add_metric(labels, buckets, distribution.sum)
    return metric
