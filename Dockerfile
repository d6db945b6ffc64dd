# syntax=docker/dockerfile:1

FROM rust:1-bookworm AS build
WORKDIR /build
COPY . .
# What `klatch --version` tells; the clone itself is not copied.
ARG KLATCH_COMMIT=
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/build/target \
    KLATCH_COMMIT="$KLATCH_COMMIT" cargo build --release --locked && install -D --strip target/release/klatch /out/klatch

# The program alone: `docker build --target program --output out .`
FROM scratch AS program
COPY --from=build /out/klatch /

FROM debian:bookworm-slim
# For backups of Postgres, up to this version of it.
RUN apt-get update && apt-get install --yes --no-install-recommends postgresql-client-15 && rm -rf /var/lib/apt/lists/*
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin klatch \
    && install --directory --owner=klatch --group=klatch --mode=700 /data
COPY --from=build /out/klatch /usr/local/bin/klatch
USER klatch
ENV KLATCH_LISTEN=0.0.0.0:8080 KLATCH_DATA_DIR=/data
VOLUME /data
EXPOSE 8080
STOPSIGNAL SIGTERM
# Whether it lives, not whether its database does: nothing is won by starting it again when that is away.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]
ENTRYPOINT ["klatch"]
