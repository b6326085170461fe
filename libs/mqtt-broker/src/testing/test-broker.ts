import { MqttBroker } from '../broker.js';
import type { MqttBrokerOptions } from '../broker-options.js';
import type { MqttBrokerHooks } from '../hooks.js';
import type { BrokerLimits } from '../limits.js';

const running: MqttBroker[] = [];

/** A clock that stands still until it is told otherwise. */
export class TestClock {
  time = 1_000_000;
  readonly now = (): number => this.time;

  /** Moves on, and lets the broker's timers see it. */
  async advance(seconds: number): Promise<void> {
    this.time += seconds * 1000;
    await new Promise((resolve) => setTimeout(resolve, 15));
  }
}

/** A started broker that lets everybody do everything, but for the hooks given; `stopBrokers` ends it. */
export function startBroker(
  hooks: Partial<MqttBrokerHooks> = {},
  limits: Partial<BrokerLimits> = {},
  more: Omit<Partial<MqttBrokerOptions>, 'hooks' | 'limits'> = {},
): MqttBroker {
  const broker = new MqttBroker({
    hooks: { authenticate: () => ({ ok: true, principal: 'anybody' }), ...hooks },
    limits: { timerResolutionMs: 5, ...limits },
    ...more,
  });
  void broker.start();
  running.push(broker);
  return broker;
}

export async function stopBrokers(): Promise<void> {
  await Promise.all(running.splice(0).map((broker) => broker.stop('shutting-down', 0)));
}
