/* oxlint-disable jest/expect-expect -- what a scripted client expects is an assertion too */
import { createFixture, eventually, type Fixture } from '../testing/fixture.js';
import { ScriptedClient } from '../testing/scripted-client.js';
import { DEFAULT_LIMITS } from '../options.js';
import { InputBudget } from '../stream/input-budget.js';
import { Liveness } from './liveness.js';

describe('Liveness', () => {
  const limits = { ...DEFAULT_LIMITS, idleTimeoutMs: 100, pingTimeoutMs: 50 };

  it('asks after silence, and gives up after silence upon the question', () => {
    const liveness = new Liveness();
    expect(liveness.check(1099, 1000, limits)).toBe('alive');
    expect(liveness.check(1100, 1000, limits)).toBe('ask');
    expect(liveness.check(1149, 1000, limits)).toBe('alive');
    expect(liveness.check(1150, 1000, limits)).toBe('gone');
  });

  it('takes any input for an answer, white space too', () => {
    const liveness = new Liveness();
    expect(liveness.check(1100, 1000, limits)).toBe('ask');
    expect(liveness.check(1160, 1120, limits)).toBe('alive');
    expect(liveness.check(1220, 1120, limits)).toBe('ask');
  });
});

describe('a silent client', () => {
  let fixture: Fixture;
  let client: ScriptedClient;

  beforeEach(async () => {
    fixture = createFixture({ limits: { idleTimeoutMs: 30, pingTimeoutMs: 30, sweepIntervalMs: 5 } });
    fixture.server.start();
    client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
  });
  afterEach(() => fixture.server.stop('system-shutdown', 100));

  it('is asked by a ping, and ended when it does not answer', async () => {
    await client.expect(/^<iq type='get' id='alive' .*<ping /);
    await client.expectStreamError('connection-timeout');
    expect(fixture.events.at(-1)).toBe('closed dev1/phone: connection-lost');
  });

  it('stays when it answers', async () => {
    await client.expect(/id='alive'/);
    client.send("<iq type='result' id='alive' to='example.org'/>");
    await client.expect(/id='alive'/);
  });

  it('with stream management is asked by <r/>, and may resume later', async () => {
    client.send("<enable xmlns='urn:xmpp:sm:3' resume='true'/>");
    await client.expect(/^<enabled /);
    await client.expect("<r xmlns='urn:xmpp:sm:3'/>");
    await client.expectStreamError('connection-timeout');
    await eventually(() => expect(fixture.events.at(-1)).toBe('detached dev1/phone'));
  });
});

describe('InputBudget', () => {
  it('may be without bound', () => {
    const budget = new InputBudget(Infinity, 0);
    expect([budget.spend(1e9, 0), budget.spend(1e9, 0), budget.spend(1e9, 5)]).toEqual([true, true, true]);
  });

  it('is used up, and earned again with time', () => {
    const budget = new InputBudget(1000, 0);
    expect([budget.spend(1999, 0), budget.spend(1001, 0), budget.refill(500), budget.refill(2000)]).toEqual([
      true,
      false,
      false,
      true,
    ]);
  });
});

describe('a client that sends faster than allowed', () => {
  it('is read more slowly, not cut off', async () => {
    const fixture = createFixture({ limits: { bytesPerSecond: 5_000, sweepIntervalMs: 5 } });
    fixture.server.start();
    const client = await ScriptedClient.attachedTo(fixture.server).logIn('dev1', 'phone');
    const ping = "<iq type='get' id='p' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>";
    const begun = Date.now();
    for (let i = 0; i < 170; i++) client.send(ping);
    for (let i = 0; i < 170; i++) await client.expect(/^<iq type='result' id='p'/);
    client.send(ping);
    await client.expect(/^<iq type='result' id='p'/);
    expect(Date.now() - begun).toBeGreaterThan(200);
    await fixture.server.stop('system-shutdown', 100);
  });
});
