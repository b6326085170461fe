import { readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;

/** User and system time that processes have taken so far, s. */
export function cpuSecondsOf(pids) {
  const ticks = pids
    .map((pid) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '))
    .map((fields) => Number(fields[11]) + Number(fields[12]));
  return ticks.reduce((sum, each) => sum + each, 0) / TICKS_PER_SECOND;
}
