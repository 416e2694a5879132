# dockgate in a container, from its source. The image has a shell, which jobs of GitLab CI run in.
FROM rust:1.95.0-alpine3.22 AS build
RUN apk add --no-cache musl-dev=~1.2
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/source/target \
    cargo build --release --locked --bin dockgate && cp target/release/dockgate /usr/local/bin/dockgate

FROM alpine:3.22.2
# dockgate: ignore[DL3018] whom to trust is a question of today
RUN apk add --no-cache ca-certificates git
COPY --from=build /usr/local/bin/dockgate /usr/local/bin/dockgate
USER 10001:10001
WORKDIR /work
HEALTHCHECK NONE
ENTRYPOINT ["dockgate"]
