import { Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Config, DataDirectory, loadConfig, StartupError } from '@carillon/config';
import { createLogger, type Logger, Metrics, MetricsServer, NestPinoLogger } from '@carillon/observability';
import { Store } from '@carillon/persistence';
import { isRedisAway } from '@carillon/redis';
import { type FirstKey, settleAdminKey } from './admin-key.js';
import { printBanner } from './banner.js';
import { configureHttp, newHttpAdapter } from './http/index.js';
import { TlsMaterial } from './listening/index.js';
import { listenFailure } from './listen-failure.js';
import { ProcessContext, type ProcessName } from './process-context.js';
import { ProcessModule } from './process.module.js';
import { type ConnectedRedis, connectRedis } from './redis-ladder.js';
import { streamsServer } from './streams.js';

export interface ProcessOptions {
  readonly name: ProcessName;
  readonly modules: readonly Type[];
  /** Runs a Redis of its own when none is named, and holds the data directory for itself. */
  readonly standalone?: boolean;
  readonly consumesStreams?: boolean;
  /** Serves the REST API: makes sure of the first admin key. */
  readonly servesApi?: boolean;
  /** The last touch before the application is initialised, e.g. its OpenAPI document. */
  readonly prepare?: (app: NestFastifyApplication) => void;
}

/** How long an orderly end may take, ms. */
const SHUTDOWN_LIMIT = 25_000;
/** How long what a start had begun may take to end when it fails, ms. */
const GIVE_UP_LIMIT = 5_000;

/** Runs a process until it is told to end. What keeps it from starting is said in one line, exit code 1. */
export async function runProcess(options: ProcessOptions): Promise<void> {
  try {
    const running = await start(options, loadConfig());
    endOnSignal(running);
    // Whoever hears that it runs may tell it to end at once.
    running.announce();
  } catch (error) {
    process.stderr.write(`${failureLine(error)}\n`);
    process.exit(1);
  }
}

interface RunningProcess {
  readonly context: ProcessContext;
  announce: () => void;
  stop: () => Promise<void>;
}

async function start(options: ProcessOptions, config: Config): Promise<RunningProcess> {
  const logger = createLogger({ level: config.logLevel, name: options.name });
  refuseWhatIsNotBuilt(config);
  const directory = new DataDirectory(config.dataDir);
  await directory.prepare({ exclusive: options.standalone === true });
  const tls = await loadTls(config, directory, logger);
  const redis = await connectRedis(config, { privateRedis: options.standalone === true }, logger);
  const context = new ProcessContext(options.name, config, logger, redis.urls, directory, redis.secret, tls);
  const key = options.servesApi
    ? await settleAdminKey(config, directory, new Store(redis.client, redis.keys))
    : undefined;
  try {
    return await serve(options, context, redis, key);
  } catch (error) {
    await giveUp(redis.release());
    throw error;
  }
}

async function loadTls(config: Config, directory: DataDirectory, logger: Logger): Promise<TlsMaterial> {
  const { minVersion } = config.tls;
  if (minVersion < '1.2')
    logger.warn(`CARILLON_TLS_MIN_VERSION=${minVersion}: TLS before 1.2 is not secure (RFC 8996)`);
  const tls = new TlsMaterial(config, directory);
  await tls.load();
  return tls;
}

async function serve(
  options: ProcessOptions,
  context: ProcessContext,
  redis: ConnectedRedis,
  key: FirstKey | undefined,
): Promise<RunningProcess> {
  const app = await createApp(options, context, redis);
  try {
    return await listenAll(options, context, redis, key, app);
  } catch (error) {
    await giveUp(app.close());
    throw error;
  }
}

/** What went wrong with the start is what is told, whatever goes wrong with its end. */
async function giveUp(ending: Promise<void>): Promise<void> {
  await Promise.race([ending.catch(() => undefined), sleep(GIVE_UP_LIMIT)]);
}

async function listenAll(
  options: ProcessOptions,
  context: ProcessContext,
  redis: ConnectedRedis,
  key: FirstKey | undefined,
  app: NestFastifyApplication,
): Promise<RunningProcess> {
  if (options.consumesStreams) await app.startAllMicroservices();
  const httpUrl = await listen(app, context);
  const metrics = await listenForMetrics(app, context);
  return {
    context,
    announce: () => {
      context.logger.info({ listeners: context.listeners }, 'started');
      printBanner(context, httpUrl, key);
    },
    stop: async () => {
      context.stopping = true;
      try {
        await metrics?.close();
        await app.close();
      } finally {
        await redis.release();
        await context.directory.release();
      }
    },
  };
}

async function createApp(
  options: ProcessOptions,
  context: ProcessContext,
  redis: ConnectedRedis,
): Promise<NestFastifyApplication> {
  class ProcessRoot {}
  Module({
    imports: [
      ProcessModule.forRoot(context, {
        ...redis,
        connectionPolicy: context.config.deviceConnections,
        inboxBounds: context.config.inbox,
      }),
      ...options.modules,
    ],
  })(ProcessRoot);
  const app = await NestFactory.create<NestFastifyApplication>(ProcessRoot, newHttpAdapter(context), {
    logger: new NestPinoLogger(context.logger),
    abortOnError: false,
    forceCloseConnections: true,
  });
  configureHttp(app);
  options.prepare?.(app);
  if (options.consumesStreams) {
    app.connectMicroservice({ strategy: streamsServer(app.get(Store), context) });
  }
  return app;
}

async function listen(app: NestFastifyApplication, { config, listeners }: ProcessContext): Promise<string> {
  try {
    await app.listen(config.http.port, config.host);
  } catch (error) {
    throw listenFailure(error, config.host, config.http.port, 'CARILLON_HTTP_PORT');
  }
  const scheme = config.http.tls === 'required' ? 'https' : 'http';
  const url = (await app.getUrl()).replace('[::1]', 'localhost').replace(/^http/, scheme);
  listeners.unshift({ name: 'HTTP', url });
  return url;
}

async function listenForMetrics(
  app: NestFastifyApplication,
  { config, listeners }: ProcessContext,
): Promise<MetricsServer | undefined> {
  if (config.metrics.port === undefined) return undefined;
  const server = new MetricsServer(app.get(Metrics));
  const port = await server
    .listen(config.metrics.port, config.host)
    .catch((error: unknown) =>
      Promise.reject(listenFailure(error, config.host, config.metrics.port!, 'CARILLON_METRICS_PORT')),
    );
  listeners.push({ name: 'metrics', url: `http://${config.host}:${port}/metrics` });
  return server;
}

function endOnSignal({ context, stop }: RunningProcess): void {
  let ending = false;
  const end = (signal: NodeJS.Signals): void => {
    if (ending) return;
    ending = true;
    context.logger.info({ signal }, 'ending');
    setTimeout(() => process.exit(1), SHUTDOWN_LIMIT).unref();
    stop().then(
      () => process.exit(0),
      (error: unknown) => {
        context.logger.error({ err: error }, 'ending failed');
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
  superviseProcess(context.logger);
}

/** A bug must not pass in silence, nor end every device's connection. */
function superviseProcess(logger: Logger): void {
  process.on('unhandledRejection', (err) => logger.error({ err }, 'a promise was rejected and nobody cared'));
}

function refuseWhatIsNotBuilt({ processes }: Config): void {
  if (processes !== 1) {
    throw new StartupError(
      `CARILLON_PROCESSES=${processes} is not built yet`,
      'leave it at 1; to use more cores run apps/api, apps/worker and apps/edge as processes of their own',
    );
  }
}

/** One line: what is wrong, and what to do about it. */
function failureLine(error: unknown): string {
  if (error instanceof StartupError) return `carillon: ${error.message}`;
  if (isRedisAway(error))
    return `carillon: Redis went away during the start (${(error as Error).message}): start it again when that Redis answers`;
  return `carillon: could not start: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
}
