import type { ProcessContext } from '@carillon/process';
import { addressKey } from '../listeners/door/address-key.js';
import { scramDecoys } from './scram-decoys.js';

/** A stream has more to do than one step: encryption, log-in, binding. */
const HANDSHAKE_STEPS = 3;

/** The XMPP server of this edge, as the configuration wants it. */
export function xmppOptions(process: ProcessContext) {
  const { xmpp, androidpn } = process.config;
  const { domain, tls, registration } = xmpp;
  return {
    domain,
    tls,
    // The domain's certificate, whatever server name the client asks for (RFC 6120 §13.7.2.1).
    secureContext: () => process.tls.secureContext(domain),
    clientCertificates: process.config.tls.clientCaFile !== undefined,
    registration,
    otherHost: xmpp.otherHost,
    addressBlock: addressKey,
    androidpn,
    limits: {
      handshakeTimeoutMs: HANDSHAKE_STEPS * process.config.connections.handshakeTimeoutMs,
      bosh: {
        waitSeconds: xmpp.bosh.wait,
        inactivitySeconds: xmpp.bosh.inactivity,
        maxPauseSeconds: xmpp.bosh.maxPause,
      },
    },
    scram: scramDecoys(process),
    logger: process.logger,
  };
}
