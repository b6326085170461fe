/** What a BOSH session may ask for, and how it must behave (XEP-0124). */
export interface BoshLimits {
  /** Bytes of one request's body. */
  bodyBytes: number;
  /** The longest time that a request is held, in seconds. */
  waitSeconds: number;
  /** Requests held at once. */
  hold: number;
  /** Without a request for so long a session is over, in seconds. */
  inactivitySeconds: number;
  /** Empty requests may not come more often than so, in seconds. */
  pollingSeconds: number;
  /** The longest pause that a client may ask for, in seconds. */
  maxPauseSeconds: number;
}

export const DEFAULT_BOSH_LIMITS: BoshLimits = {
  bodyBytes: 131_072,
  waitSeconds: 60,
  hold: 1,
  inactivitySeconds: 60,
  pollingSeconds: 2,
  maxPauseSeconds: 120,
};
