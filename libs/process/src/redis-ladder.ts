import { type Config, StartupError } from '@carillon/config';
import type { Logger } from '@carillon/observability';
import {
  checkRedis,
  createRedis,
  installationSecret,
  PrivateRedis,
  type RedisClient,
  RedisKeys,
  RedisUnavailableError,
  settleInstallation,
  topologyOf,
} from '@carillon/redis';

/** How long a named Redis may take to answer at start, ms. */
const CONNECT_LIMIT = 5_000;

export interface ConnectedRedis {
  readonly urls: readonly string[];
  readonly client: RedisClient;
  readonly keys: RedisKeys;
  /** Shared by all processes of the installation. */
  readonly secret: Buffer;
  /** Ends the connection, and a private Redis with it. */
  release(): Promise<void>;
}

export interface RedisNeeds {
  /** Run one of our own when none is named. */
  readonly privateRedis: boolean;
}

/** The Redis of `REDIS_URL`, else a private one. Throws a StartupError for one that is away or does not suit. */
export async function connectRedis(
  config: Config,
  needs: RedisNeeds,
  logger: Logger,
): Promise<ConnectedRedis> {
  const own = config.redisUrl ? undefined : await startPrivate(config, needs, logger);
  const urls = config.redisUrl ?? [own!.url];
  refuseClusterReplicas(config, urls);
  let trouble: string | undefined;
  const client = createRedis({
    urls,
    onError: (error) => {
      // A name with several addresses fails with an AggregateError, whose message is empty.
      trouble = error.message || (error as NodeJS.ErrnoException).code;
      logger.debug({ error: trouble }, 'a Redis connection failed');
    },
  });
  const keys = new RedisKeys(config.keyPrefix, config.partitions, config.lanes);
  const release = async (): Promise<void> => {
    client.disconnect();
    await own?.redis.stop();
  };
  try {
    await examine(client, urls, logger, () => trouble);
    const difference = await settleInstallation(client, keys, config);
    if (difference) throw new StartupError(...splitOnce(difference));
    return { urls, client, keys, secret: await installationSecret(client, keys), release };
  } catch (error) {
    await release();
    throw asStartupError(error);
  }
}

async function startPrivate(
  config: Config,
  { privateRedis }: RedisNeeds,
  logger: Logger,
): Promise<{ redis: PrivateRedis; url: string }> {
  if (!privateRedis) {
    throw new StartupError(
      'REDIS_URL is not set',
      'processes that run apart meet in one Redis: set it to redis://host:6379',
    );
  }
  const redis = new PrivateRedis({ dataDir: config.dataDir, log: (line) => logger.info(line) });
  try {
    return { redis, url: (await redis.start()).url };
  } catch (error) {
    throw asStartupError(error);
  }
}

function refuseClusterReplicas({ redisReplicas }: Config, urls: readonly string[]): void {
  if (redisReplicas === 0 || topologyOf(urls) !== 'cluster') return;
  throw new StartupError(
    `CARILLON_REDIS_REPLICAS=${redisReplicas} is not for a cluster`,
    'set it to 0, or name one Redis or its sentinels in REDIS_URL',
  );
}

/** Its version, its policy, its kind: all that would lose what was accepted is refused. */
async function examine(
  client: RedisClient,
  urls: readonly string[],
  logger: Logger,
  trouble: () => string | undefined,
): Promise<void> {
  const where = urls.map(withoutPassword).join(',');
  const expected = { where, cluster: topologyOf(urls) === 'cluster' };
  const info = await withinLimit(client.info(), where, trouble);
  for (const warning of checkRedis(info, expected).warnings) logger.warn(warning);
}

/** @param trouble what the connection failed with last, if it did */
async function withinLimit<T>(
  answer: Promise<T>,
  where: string,
  trouble: () => string | undefined,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(unreachable(where, trouble() ?? `no answer within ${CONNECT_LIMIT / 1000} s`)),
      CONNECT_LIMIT,
    );
  });
  try {
    return await Promise.race([answer, limit]);
  } catch (error) {
    if (error instanceof StartupError || error instanceof RedisUnavailableError) throw error;
    throw unreachable(where, trouble() ?? (error as Error).message);
  } finally {
    clearTimeout(timer);
  }
}

const unreachable = (where: string, why: string): StartupError =>
  new StartupError(`${where} cannot be used (${why})`, 'start that Redis or set REDIS_URL to another');

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}`;
}

function asStartupError(error: unknown): unknown {
  return error instanceof RedisUnavailableError
    ? new StartupError(error.what, error.hint, { cause: error })
    : error;
}

/** "what: what to do" as its two parts. */
function splitOnce(line: string): [string, string] {
  const at = line.indexOf(': ');
  return [line.slice(0, at), line.slice(at + 2)];
}
