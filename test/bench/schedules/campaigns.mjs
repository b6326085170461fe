import { setTimeout as sleep } from 'node:timers/promises';

/** Behind their time, how long all that begin at once are waited for, ms. */
const PATIENCE = 60_000;
const AT_ONCE = 8;

/**
 * Campaigns that are due at the same instant.
 * @param system a `SchedulingSystem` @param from in how many ms they are due
 * @returns how late each began, ms, sorted
 */
export async function campaignLateness(system, count, from) {
  const due = Date.now() + from;
  const ids = [];
  let left = count;
  const make = async () => {
    while (left-- > 0) ids.push(await start(system, due));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, make));
  if (Date.now() > due) throw new Error('they were due before the last was started');
  await sleep(due - Date.now() + 2_000);
  const late = [];
  for (const id of ids) late.push((await begun(system, id, due + PATIENCE)) - due);
  return late.sort((a, b) => a - b);
}

async function start(system, due) {
  const { id } = await system.request('POST', '/v1/campaigns', {
    name: 'At once',
    audience: { device: 'd' },
    message: { title: 'At once' },
    schedule: { at: new Date(due).toISOString() },
  });
  await system.request('POST', `/v1/campaigns/${id}/start`);
  return id;
}

async function begun(system, id, deadline) {
  for (;;) {
    const { runs } = await system.request('GET', `/v1/campaigns/${id}/runs`);
    if (runs[0]?.begunAt) return Date.parse(runs[0].begunAt);
    if (Date.now() > deadline) throw new Error('not all of them began');
    await sleep(500);
  }
}
