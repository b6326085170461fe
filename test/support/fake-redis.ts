import { createServer, type Server } from 'node:net';

/** A server that speaks enough RESP to be taken for a Redis that says this of itself. Other commands are unknown to it. */
export function fakeRedis(info: Readonly<Record<string, string>>): Server {
  const text = Object.entries(info)
    .map(([name, value]) => `${name}:${value}\r\n`)
    .join('');
  return createServer((socket) => {
    socket.on('error', () => undefined);
    let buffered = '';
    socket.on('data', (data) => {
      buffered += data.toString();
      for (let command = takeCommand(); command; command = takeCommand()) {
        const isInfo = command[0]!.toUpperCase() === 'INFO';
        socket.write(isInfo ? `$${text.length}\r\n${text}\r\n` : `-ERR unknown command '${command[0]}'\r\n`);
      }
    });

    /** `*2\r\n$3\r\nGET\r\n$1\r\nx\r\n` */
    function takeCommand(): string[] | undefined {
      const lines = buffered.split('\r\n');
      const length = Number(lines[0]!.slice(1)) * 2 + 1;
      if (!buffered.startsWith('*') || lines.length <= length) return undefined;
      buffered = lines.slice(length).join('\r\n');
      return lines.slice(1, length).filter((_, i) => i % 2 === 1);
    }
  });
}
