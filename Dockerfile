# The server as one executable, in an image without a shell or a package manager.
#
#   docker build -t live .
#   docker run -p 8080:8080 -e DIRECTUS_BASE_URL=https://directus.example.com live

FROM denoland/deno:2.9.6 AS build
WORKDIR /src
COPY . .
RUN deno task compile

# The executable needs glibc and libgcc, and TLS roots to reach Directus: `cc` has just these.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /src/dist/live /usr/local/bin/live

# The default, 127.0.0.1, cannot be reached from outside the container. Publishing needs the token,
# but metrics do not: keep port 9090 inside the container's network.
ENV OPS_HOST=0.0.0.0
EXPOSE 8080 9090

# SIGTERM starts the drain. `docker stop --time` or `terminationGracePeriodSeconds` must be longer
# than LIVE_WS_DRAIN_TIMEOUT_MS. There is no HEALTHCHECK because the image holds no program that could
# ask: let the orchestrator probe `GET /healthz` and `GET /readyz` on port 9090.
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/live"]
