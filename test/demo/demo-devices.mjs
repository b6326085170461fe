import tls from 'node:tls';
import { client as xmppClient, xml } from '@xmpp/client';
import mqtt from 'mqtt';

/**
 * Devices as their makers would write them: unmodified client libraries, real sockets. Each calls `onPush(envelope)`.
 * @typedef {{ id: string, token: string }} Credentials
 * @typedef {{ transport: string, connect: () => Promise<void>, close: () => Promise<void> }} Device
 */

/** @returns {Device} */
export function mqttDevice({ id, token }, urls, onPush) {
  let client;
  return {
    transport: 'mqtt',
    async connect() {
      client = await mqtt.connectAsync(urls.MQTT, {
        clientId: id,
        username: id,
        password: token,
        protocolVersion: 5,
      });
      client.on('message', (_topic, payload) => onPush(JSON.parse(payload.toString())));
      await client.subscribeAsync(`devices/${id}/inbox`, { qos: 1 });
    },
    close: () => client.endAsync(),
  };
}

/** @returns {Device} */
export function xmppDevice({ id, token }, urls, onPush) {
  const client = xmppClient({
    service: urls.XMPP,
    domain: 'localhost',
    username: id,
    password: token,
    resource: 'demo',
  });
  client.on('error', () => undefined);
  client.on('stanza', (stanza) => {
    const json = stanza.is('message') && stanza.getChildText('json', 'urn:xmpp:json:0');
    if (json) onPush(JSON.parse(json));
  });
  return {
    transport: 'xmpp',
    async connect() {
      await client.start();
      await client.send(xml('presence'));
    },
    close: () => client.stop(),
  };
}

/** @returns {Device} */
export function pollDevice({ id, token }, urls, onPush) {
  // Where the processes run apart, devices poll at an edge.
  const base = urls.EDGE_HTTP ?? urls.HTTP;
  const abort = new AbortController();
  const headers = {
    authorization: `Basic ${Buffer.from(`${id}:${token}`).toString('base64')}`,
    'content-type': 'application/json',
  };
  let cursor = '0';
  const once = async () => {
    const answer = await fetch(`${base}/v1/inbox?after=${cursor}&wait=25`, {
      headers,
      signal: abort.signal,
    });
    const page = await answer.json();
    cursor = page.cursor;
    for (const envelope of page.notifications) onPush(envelope);
    const body = JSON.stringify({ ids: page.notifications.map((envelope) => envelope.id) });
    if (page.notifications.length > 0) await fetch(`${base}/v1/inbox/ack`, { method: 'POST', headers, body });
  };
  let loop;
  return {
    transport: 'poll',
    async connect() {
      loop = (async () => {
        while (!abort.signal.aborted)
          await once().catch((error) => abort.signal.aborted || Promise.reject(error));
      })();
    },
    async close() {
      abort.abort();
      await loop;
    },
  };
}

/** The certificate of a fresh installation is self-signed: trust it, as a device that pins it would. */
export function trustSelfSigned() {
  const connect = tls.connect;
  tls.connect = (options, ...rest) => connect({ ...options, rejectUnauthorized: false }, ...rest);
}
