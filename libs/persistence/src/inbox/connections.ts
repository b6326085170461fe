import type { Connection } from '@carillon/domain';

/** Reads `transport,edge,epoch;…`, newest first. */
export function parseConnections(stored: string): Connection[] {
  if (stored === '') return [];
  return stored.split(';').map(parseConnection);
}

export function parseConnection(stored: string): Connection {
  const [transport = '', edgeId = '', epoch = '0'] = stored.split(',');
  return { transport, edgeId, epoch: Number(epoch) };
}
