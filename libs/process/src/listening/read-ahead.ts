import type { Socket } from 'node:net';

export type ReadAhead<T> = { readonly found: T } | { readonly failed: 'timeout' | 'ended' };

/**
 * Looks at the first bytes of a socket until `look` knows enough. What it did not use up stays in the socket for whoever reads next, and the
 * socket flows again as soon as somebody does.
 */
export function readAhead<T>(
  socket: Socket,
  timeoutMs: number,
  look: (bytes: Buffer) => { readonly found: T; readonly used: number } | undefined,
  done: (result: ReadAhead<T>) => void,
): void {
  let bytes: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => finish({ failed: 'timeout' }), timeoutMs);
  const onEnded = (): void => finish({ failed: 'ended' });
  socket.on('readable', onReadable).on('end', onEnded).on('close', onEnded);

  function onReadable(): void {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk]);
    const seen = look(bytes);
    if (seen) finish({ found: seen.found }, bytes.subarray(seen.used));
  }

  function finish(result: ReadAhead<T>, rest?: Buffer): void {
    clearTimeout(timer);
    socket.off('readable', onReadable).off('end', onEnded).off('close', onEnded);
    if (rest && rest.length > 0) socket.unshift(rest);
    done(result);
  }
}
