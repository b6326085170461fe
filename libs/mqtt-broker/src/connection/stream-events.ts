import type { Duplex } from 'node:stream';
import type { Connection } from './connection.js';

const owner = Symbol('mqtt connection');

type OwnedStream = Duplex & { [owner]?: Connection };

/** The listeners are shared by all streams, which carry their connection along: an idle connection costs no closures. */
export function listen(stream: Duplex, connection: Connection): void {
  (stream as OwnedStream)[owner] = connection;
  stream.on('error', onError).on('close', onClose).on('end', onEnd).on('drain', onDrain).on('data', onData);
}

function onData(this: OwnedStream, chunk: Buffer): void {
  this[owner]?.receive(chunk);
}

function onDrain(this: OwnedStream): void {
  this[owner]?.drained();
}

function onEnd(this: OwnedStream): void {
  this[owner]?.ended();
}

function onError(this: OwnedStream, error: Error): void {
  this[owner]?.lost(error.message);
}

function onClose(this: OwnedStream): void {
  this[owner]?.lost('closed');
}
