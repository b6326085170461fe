import type { ConnectRequest } from '../client.js';
import type { RefusalReason } from '../reason-codes.js';

/**
 * - `continue`: the client has to answer `data`
 * - `success`: it is who it says; `data`, if any, goes along with the CONNACK, or with the AUTH of a re-authentication
 * - `failure`: it is not let in; what is connected is disconnected
 */
export type AuthenticationStep =
  | { kind: 'continue'; data: Buffer }
  | {
      kind: 'success';
      /** A re-authentication has to come to the same one. */
      username: string;
      principal: unknown;
      /** Instead of the client identifier sent. */
      clientId?: string | undefined;
      data?: Buffer | undefined;
    }
  | { kind: 'failure'; reason: RefusalReason };

/** One run of a method: asked with what each CONNECT or AUTH of the client carried, in order. */
export interface AuthenticationExchange {
  /** @param data a view on the bytes read; copy it to keep it */
  respond(data: Buffer | undefined): AuthenticationStep | Promise<AuthenticationStep>;
}

/** A method of enhanced authentication (MQTT 5.0 §4.12). */
export interface AuthenticationMethod {
  /** As clients call it in their Authentication Method. */
  readonly name: string;
  begin(request: ConnectRequest): AuthenticationExchange;
}
