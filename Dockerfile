# The server as one executable, in an image without a shell or a package manager.
#
#   docker build -t live .
#   docker run -p 8080:8080 -e DIRECTUS_BASE_URL=https://directus.example live

FROM denoland/deno:2.9.6 AS build
WORKDIR /src
COPY . .
RUN deno task compile

# The executable needs glibc and libgcc, and TLS roots to reach Directus: `cc` has just these.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/dist/live /usr/local/bin/live

# 127.0.0.1, the default, is out of reach from outside of the container. Publishing still needs the
# token; metrics do not, so do not publish port 9090 beyond the network of the container.
ENV OPS_HOST=0.0.0.0
EXPOSE 8080 9090

# SIGTERM begins the drain. Allow for it: `docker stop --time`, `terminationGracePeriodSeconds` must
# be longer than LIVE_WS_DRAIN_TIMEOUT_MS. No HEALTHCHECK, as nothing in the image could ask: let
# the orchestrator ask `GET /healthz` and `GET /readyz` on port 9090.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/live"]
