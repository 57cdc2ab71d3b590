# Moulin's image: the pinned dependencies, the program, its compiled packet path, an ordinary user.
FROM python:3.13-slim AS dependencies
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/moulin \
    && /opt/moulin/bin/pip install --no-cache-dir --disable-pip-version-check \
        --require-hashes --no-deps --only-binary :all: -r /tmp/requirements.lock

FROM python:3.13-slim AS compiled
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev
WORKDIR /srv/moulin
COPY rooms rooms
RUN python -m rooms.compiled.build

FROM python:3.13-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/moulin --create-home moulin
COPY --from=dependencies /opt/moulin /opt/moulin
WORKDIR /srv/moulin
COPY server server
COPY rooms rooms
COPY --from=compiled /srv/moulin/rooms/compiled rooms/compiled
COPY static static
COPY templates templates
RUN /opt/moulin/bin/python -m compileall -q server rooms
ENV MOULIN_DATA_DIR=/var/lib/moulin \
    MOULIN_HTTP_HOST=0.0.0.0 \
    MOULIN_LOG_FORMAT=json \
    PYTHONUNBUFFERED=1
USER moulin
VOLUME /var/lib/moulin
EXPOSE 8080/tcp 7882/udp 7881/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=20s --retries=3 \
    CMD ["/opt/moulin/bin/python", "-c", "import os, urllib.request as u; u.urlopen('http://127.0.0.1:' + os.environ.get('MOULIN_HTTP_PORT', '8080') + '/sante', timeout=4)"]
CMD ["/opt/moulin/bin/python", "-m", "server", "serve"]
