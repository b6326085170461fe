import { StartupError } from '@carillon/config';

/** Says in one line why a port cannot be listened on, and which variable names it. */
export function listenFailure(error: unknown, host: string, port: number, variable: string): unknown {
  if (error instanceof StartupError) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new StartupError(
        `port ${port} of ${host} is in use`,
        `stop what listens there or set ${variable} to another port (0 picks a free one)`,
        { cause: error },
      );
    case 'EACCES':
      return new StartupError(`port ${port} needs more rights`, `set ${variable} to a port above 1023`, {
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartupError(`${host} is no address of this machine`, 'set CARILLON_HOST to another', {
        cause: error,
      });
    default:
      return error;
  }
}
