import type { Rest } from '../support/rest.js';
import type { FunnelView, Funnels } from './ledger/checker.js';
import type { Ledger } from './ledger/ledger.js';

const AT_ONCE = 8;

/** Reads `GET /v1/notifications/{id}` of everything that was accepted. */
export async function readFunnels(rest: () => Rest, { accepted }: Ledger): Promise<Funnels> {
  const funnels = new Map<string, FunnelView | undefined>();
  const ids = [...accepted.keys()];
  const lane = async (): Promise<void> => {
    for (let id = ids.pop(); id !== undefined; id = ids.pop()) funnels.set(id, await readFunnel(rest(), id));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return funnels;
}

async function readFunnel(rest: Rest, id: string): Promise<FunnelView | undefined> {
  const { status, body } = await rest.get(`/v1/notifications/${id}`);
  return status === 200 ? (body as FunnelView) : undefined;
}
