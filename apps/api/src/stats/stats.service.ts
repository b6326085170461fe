import { Injectable } from '@nestjs/common';
import { DELIVERY_STATES, type DeliveryState, STEP_LETTERS } from '@carillon/domain';
import { Store } from '@carillon/persistence';
import type { StateCounts, StatesView, StatsView } from './stats.dto.js';

@Injectable()
export class StatsService {
  constructor(private readonly store: Store) {}

  async read(app: string, day: string): Promise<StatsView> {
    const { client, keys } = this.store;
    const rows = await Promise.all(
      this.store.allPartitions().map((partition) => client.hgetall(keys.stats(partition, app, day))),
    );
    return { day, states: sumStates(rows) };
  }
}

/** Sums fields `<state letter>` and `<state letter>|<transport>`; each delivery is counted in one of them. */
export function sumStates(rows: readonly Readonly<Record<string, string>>[]): StatesView {
  const states = emptyStates();
  for (const [field, count] of rows.flatMap((row) => Object.entries(row))) {
    const [letter, transport] = field.split('|');
    const state = DELIVERY_STATES.find((name) => STEP_LETTERS[name] === letter);
    if (state) add(states[state], transport, Number(count));
  }
  return states;
}

function add(counts: StateCounts, transport: string | undefined, count: number): void {
  counts.total += count;
  if (transport) counts.byTransport[transport] = (counts.byTransport[transport] ?? 0) + count;
}

const emptyStates = (): StatesView =>
  Object.fromEntries(
    DELIVERY_STATES.map((state): [DeliveryState, StateCounts] => [state, { total: 0, byTransport: {} }]),
  ) as StatesView;
