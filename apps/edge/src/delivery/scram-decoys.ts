import { decoyIterations } from '@carillon/auth';
import type { ProcessContext } from '@carillon/process';

/** Every edge, and every protocol, answers alike for a device that is not there. */
export const scramDecoys = ({ secret }: ProcessContext) => ({
  decoySecret: secret,
  decoyIterations: (username: string) => decoyIterations(username, secret),
});
