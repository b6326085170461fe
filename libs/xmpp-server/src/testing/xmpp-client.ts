import { EventEmitter } from 'node:events';
import tls from 'node:tls';
import { WebSocket } from 'ws';

/** The part of an `ltx` element that specs read. */
export interface ClientElement {
  name: string;
  attrs: Record<string, string>;
  is(name: string, xmlns?: string): boolean;
  getChild(name: string, xmlns?: string): ClientElement | undefined;
  getChildText(name: string, xmlns?: string): string | null;
}

/** The part of @xmpp/client, which has no types of its own, that specs use. */
export interface XmppClient extends EventEmitter {
  start(): Promise<unknown>;
  stop(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(element: ClientElement): Promise<void>;
  reconnect: { stop(): void; start(): void; delay: number };
  streamManagement: EventEmitter & { id: string; enabled: boolean };
  iqCaller: { request(element: ClientElement): Promise<ClientElement> };
  socket: { socket: { destroy?(): void; terminate?(): void } } | null;
}

export interface ClientOptions {
  service: string;
  domain: string;
  username: string;
  password: string;
  resource?: string;
}

interface ClientModule {
  client: (options: ClientOptions) => XmppClient;
  xml: (name: string, attrs?: object, ...children: unknown[]) => ClientElement;
}

const moduleName: string = '@xmpp/client';
export const { client, xml } = (await import(moduleName)) as ClientModule;

/** Makes outgoing TLS trust one certificate, and gives Node 20 a global WebSocket. Returns the way back. */
export function prepareClientRuntime(certificate: string): () => void {
  const original = tls.connect;
  const patched = (options: tls.ConnectionOptions): tls.TLSSocket =>
    original({ ...options, ca: certificate, checkServerIdentity: () => undefined });
  tls.connect = patched as typeof tls.connect;
  const scope = globalThis as { WebSocket?: unknown };
  const before = scope.WebSocket;
  scope.WebSocket = WebSocket;
  return () => {
    tls.connect = original;
    scope.WebSocket = before;
  };
}
