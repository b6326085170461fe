import type { Command } from 'ioredis';
import type { RedisClient } from '@carillon/redis';

export interface SentCommand {
  readonly name: string;
  /** As ioredis finds them, which is how a cluster client finds the node. */
  readonly keys: readonly string[];
  readonly args: readonly string[];
}

/** What went to Redis as one: a single command (a script among them), or a pipeline. */
export type Sent = readonly SentCommand[];

type Send = (command: Command, stream?: { isPipeline?: boolean }, node?: unknown) => unknown;

/** Writes down what clients send. */
export class CommandRecorder {
  readonly sent: SentCommand[][] = [];

  watch<C extends RedisClient>(client: C): C {
    const target = client as unknown as { sendCommand: Send };
    const send = target.sendCommand.bind(client);
    const pipelines = new WeakMap<object, SentCommand[]>();
    target.sendCommand = (command, stream, node) => {
      this.groupOf(stream, pipelines).push(described(command));
      return send(command, stream, node);
    };
    return client;
  }

  /** The commands of a pipeline share the stream that they are written to. */
  private groupOf(
    stream: { isPipeline?: boolean } | undefined,
    pipelines: WeakMap<object, SentCommand[]>,
  ): SentCommand[] {
    const open = stream?.isPipeline ? pipelines.get(stream) : undefined;
    if (open) return open;
    const group: SentCommand[] = [];
    this.sent.push(group);
    if (stream?.isPipeline) pipelines.set(stream, group);
    return group;
  }
}

const described = (command: Command): SentCommand => ({
  name: command.name.toLowerCase(),
  keys: command.getKeys().map(String),
  args: command.args.map(String),
});

/** `{p1}` of `carillon:{p1}:online`. */
export const hashTagOf = (key: string): string => /\{[^}]+\}/.exec(key)?.[0] ?? `no hash tag in ${key}`;
