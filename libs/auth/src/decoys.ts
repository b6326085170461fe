import { createHmac } from 'node:crypto';
import { CHOSEN_ITERATIONS } from './chosen-passwords.js';
import { SCRAM_ITERATIONS } from './scram-keys.js';

/**
 * Whether a device that is not there passes for one that chose its password: always the same for an id, and for one in two of them. So neither the
 * time of a refusal nor the iterations that SCRAM names tell that a device is there, or how it was registered.
 */
export const looksChosen = (deviceId: string, secret: Buffer): boolean =>
  (createHmac('sha256', secret).update(`chosen\0${deviceId}`).digest()[0]! & 1) === 1;

/** The SCRAM iterations that a device which is not there seems to have. */
export const decoyIterations = (deviceId: string, secret: Buffer): number =>
  looksChosen(deviceId, secret) ? CHOSEN_ITERATIONS : SCRAM_ITERATIONS;
