# One image for every process: what runs is the command. Without one, the three in a single process with a private Redis.
FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY libs libs
COPY apps apps
RUN npm run build && npm prune --omit=dev --no-audit --no-fund

FROM node:22-bookworm-slim
# The private Redis of all-in-one; with REDIS_URL set it is not used.
RUN apt-get update \
    && apt-get install -y --no-install-recommends redis-server \
    && rm -rf /var/lib/apt/lists/*
# Node's young generation holds what is under way: where it is as small as by default, much of that is copied again and again.
ENV NODE_ENV=production \
    NODE_OPTIONS=--max-semi-space-size=64 \
    CARILLON_HOST=0.0.0.0 \
    CARILLON_DATA_DIR=/data
WORKDIR /app
COPY LICENSE package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN install -d -o node -g node -m 700 /data
VOLUME /data
USER node
EXPOSE 8080 1883 8883 5222 5223
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.CARILLON_HTTP_PORT || 8080}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/apps/all-in-one/src/main.js"]
