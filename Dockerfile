# Rekan in a container: one process, whichever part of it the command says (`run`, `run --only delivery` …).
# compose.yaml shows several together.

FROM python:3.11-slim AS build
WORKDIR /srv/rekan
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN python -m venv .venv \
 && .venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY bot bot
COPY content content
COPY schedules schedules
COPY config.example.yaml ./
RUN .venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation --editable . \
 && .venv/bin/python -m compileall -q bot

FROM python:3.11-slim
RUN useradd --system --uid 10001 --home-dir /srv/rekan --shell /usr/sbin/nologin rekan
COPY --from=build /srv/rekan /srv/rekan
WORKDIR /srv/rekan
ENV PATH=/srv/rekan/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    REKAN_LOG__FORMAT=json \
    REKAN_WEB__LISTEN=0.0.0.0:8080 \
    REKAN_TELEGRAM__WEBHOOK__LISTEN=0.0.0.0:8443
# Nothing below is written to: the root may be read-only, with a /tmp in memory.
USER 10001
EXPOSE 8080 8443
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --start-interval=1s \
    CMD ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8080/readyz', timeout=4)"]
ENTRYPOINT ["rekan"]
CMD ["run"]
