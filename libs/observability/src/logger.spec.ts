import { createLogger, NestPinoLogger, supervise } from './index.js';

type Line = Record<string, unknown>;

function recording(level = 'trace') {
  const lines: Line[] = [];
  const write = (text: string) => void lines.push(JSON.parse(text) as Line);
  return { lines, logger: createLogger({ level, name: 'edge', destination: { write } }) };
}

describe('createLogger', () => {
  it('writes one JSON object a line', () => {
    const { lines, logger } = recording();
    logger.info({ device: 'd1' }, 'connected');
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'info',
        name: 'edge',
        pid: process.pid,
        device: 'd1',
        msg: 'connected',
      }),
    ]);
    expect(new Date(lines[0]!.time as string).toISOString()).toBe(lines[0]!.time);
  });

  it('keeps quiet below its level', () => {
    const { lines, logger } = recording('warn');
    logger.info('unheard');
    logger.warn('heard');
    expect(lines.map(({ msg }) => msg)).toEqual(['heard']);
  });

  it('never writes a secret', () => {
    const { lines, logger } = recording();
    logger.info({ token: 't', connection: { password: 'p', id: 1 } }, 'refused');
    expect(lines[0]).toMatchObject({ token: '[Redacted]', connection: { password: '[Redacted]', id: 1 } });
  });
});

describe('NestPinoLogger', () => {
  const nest = () => {
    const { lines, logger } = recording();
    return { lines, logger: new NestPinoLogger(logger) };
  };

  it.each([
    ['log', 'info'],
    ['fatal', 'fatal'],
    ['error', 'error'],
    ['warn', 'warn'],
    ['debug', 'debug'],
    ['verbose', 'trace'],
  ] as const)('writes %s as %s, with its context', (method, level) => {
    const { lines, logger } = nest();
    logger[method]('text', 'Context');
    expect(lines).toEqual([expect.objectContaining({ level, msg: 'text', context: 'Context' })]);
  });

  it('tells a stack from a context', () => {
    const { lines, logger } = nest();
    const { stack } = new Error('broken');
    logger.error('broken', stack, 'Context');
    expect(lines[0]).toMatchObject({ msg: 'broken', stack, context: 'Context' });
  });

  it('writes an error with its type and stack', () => {
    const { lines, logger } = nest();
    logger.error(new TypeError('broken'), 'Context');
    expect(lines[0]).toMatchObject({ msg: 'broken', err: { type: 'TypeError', message: 'broken' } });
  });

  it('writes an object as details', () => {
    const { lines, logger } = nest();
    logger.warn({ msg: 'mine' }, 'Context');
    expect(lines[0]).toMatchObject({ level: 'warn', details: { msg: 'mine' } });
  });

  it("lowers Nest's account of its own assembly to debug", () => {
    const { lines, logger } = nest();
    logger.log('Mapped {/v1/devices, GET} route', 'RouterExplorer');
    expect(lines[0]).toMatchObject({ level: 'debug' });
  });
});

describe('supervise', () => {
  it('logs a failure under its name', async () => {
    const { lines, logger } = recording();
    supervise('sweep', Promise.reject(new Error('broken')), logger);
    supervise('silence', Promise.resolve(), logger);
    await new Promise(setImmediate);
    expect(lines).toEqual([
      expect.objectContaining({
        level: 'error',
        task: 'sweep',
        msg: 'sweep failed',
        err: expect.objectContaining({ message: 'broken' }),
      }),
    ]);
  });
});
