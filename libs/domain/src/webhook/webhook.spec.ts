import { Webhook as Verifier } from 'standardwebhooks';
import { newWebhookSecret, webhookHeaders } from './webhook-signature.js';
import { WebhookAddresses } from './webhook-address.js';
import { WEBHOOK_RETRIES, webhookBody } from './webhook.js';

describe('the signature', () => {
  const [fresh, former] = [newWebhookSecret(), newWebhookSecret()];
  const body = webhookBody({
    id: 'msg_1',
    attempts: 0,
    createdAt: 1_800_000_000_000,
    events: '[{"id":"ä"}]',
  });

  it('is what the reference implementation of Standard Webhooks takes, with either of two secrets', () => {
    const headers = webhookHeaders('msg_1', body, [fresh, former], Date.now());
    for (const secret of [fresh, former]) {
      expect(new Verifier(secret).verify(body, headers)).toEqual({
        type: 'receipts',
        timestamp: '2027-01-15T08:00:00.000Z',
        data: { events: [{ id: 'ä' }] },
      });
    }
  });

  it('is refused for another body, id, time or secret', () => {
    const headers = webhookHeaders('msg_1', body, [fresh], Date.now());
    expect(() => new Verifier(fresh).verify(`${body} `, headers)).toThrow(/signature|old|Timestamp|Message/);
    expect(() => new Verifier(fresh).verify(body, { ...headers, 'webhook-id': 'msg_2' })).toThrow(
      /signature|old|Timestamp|Message/,
    );
    expect(() => new Verifier(former).verify(body, headers)).toThrow(/signature|old|Timestamp|Message/);
    const old = webhookHeaders('msg_1', body, [fresh], Date.now() - 600_000);
    expect(() => new Verifier(fresh).verify(body, old)).toThrow(/signature|old|Timestamp|Message/);
  });
});

describe('addresses', () => {
  const addresses = new WebhookAddresses([]);

  it.each([
    '127.0.0.1',
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.0.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:8.8.8.8',
    '64:ff9b::7f00:1',
    'fe80::1',
    'fc00::1',
    'fd12:3456::1',
    'ff02::1',
    '2001:db8::1',
    '2001:0:4136:e378::1',
    '2002:7f00:1::1',
    'localhost',
  ])('%s is not reached', (address) => expect(addresses.mayReach(address, true)).toBe(false));

  it.each(['8.8.8.8', '172.32.0.1', '2606:4700:4700::1111'])('%s is reached, over TLS alone', (address) => {
    expect([addresses.mayReach(address, true), addresses.mayReach(address, false)]).toEqual([true, false]);
  });

  it('of networks that the operator names are reached, in the clear too', () => {
    const own = new WebhookAddresses(['10.0.0.0/8', 'fd00::/8']);
    expect(own.mayReach('10.1.2.3', false)).toBe(true);
    expect(own.mayReach('fd12::1', false)).toBe(true);
    expect(own.mayReach('192.168.0.1', true)).toBe(false);
    expect(own.faultOf('http://10.1.2.3:8080/x')).toBeUndefined();
  });

  it.each([
    ['http://example.org/', /https/],
    ['ftp://example.org/', /https/],
    ['https://user:pw@example.org/', /user name/],
    ['https://example.org/#x', /fragment/],
    ['https://127.0.0.1/', /address/],
    ['https://2130706433/', /address/],
    ['https://0x7f.1/', /address/],
    ['https://[::1]/', /address/],
    ['https://[::ffff:127.0.0.1]/', /address/],
    ['https://[::ffff:7f00:1]:8443/', /address/],
    ['no url', /must be a URL/],
    [`https://example.org/${'x'.repeat(2_048)}`, /must be a URL/],
  ])('%s is refused', (url, fault) => expect(addresses.faultOf(url)).toMatch(fault));
});

it('the schedule waits longer each time, and about 41 hours in all', () => {
  expect([...WEBHOOK_RETRIES].sort((a, b) => a - b)).toEqual(WEBHOOK_RETRIES);
  const hours = WEBHOOK_RETRIES.reduce((sum, wait) => sum + wait, 0) / 3_600_000;
  expect(Math.round(hours)).toBe(41);
});
