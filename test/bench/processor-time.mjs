import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** User and system time that processes have taken so far, with that of children which have ended (Redis rewrites its file in one), s. */
export function cpuSecondsOf(pids) {
  const ticks = pids
    .map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '))
    .map((fields) => fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0));
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}
