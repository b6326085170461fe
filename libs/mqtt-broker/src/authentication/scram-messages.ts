import { isUtf8 } from 'node:buffer';

/** A SCRAM message is short; what is longer is not looked at. */
const LONGEST_MESSAGE = 4096;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const CLIENT_FIRST = /^([ny],(?:a=([^,]+))?,)(n=([^,]+),r=([\x21-\x2b\x2d-\x7e]+)(?:,[A-Za-ln-z]=[^,]+)*)$/;
const CLIENT_FINAL = /^(c=([^,]+),r=([^,]+)(?:,[A-Za-ln-z]=[^,]+)*),p=([^,]+)$/;

export interface ClientFirst {
  gs2Header: string;
  /** Empty: none was asked for. */
  authorizationId: string;
  bare: string;
  username: string;
  nonce: string;
}

export interface ClientFinal {
  withoutProof: string;
  /** The GS2 header, repeated. */
  binding: string;
  nonce: string;
  proof: Buffer;
}

function textOf(data: Buffer | undefined): string | undefined {
  if (!data || data.length > LONGEST_MESSAGE || !isUtf8(data)) return undefined;
  return data.toString('utf8');
}

/** `client-first-message` (RFC 5802 §7). Mandatory extensions (`m=`) and channel binding (`p=`) are not known. */
export function parseClientFirst(data: Buffer | undefined): ClientFirst | undefined {
  const match = CLIENT_FIRST.exec(textOf(data) ?? '');
  if (!match) return undefined;
  const [, gs2Header = '', rawId = '', bare = '', rawName = '', nonce = ''] = match;
  const username = saslName(rawName);
  const authorizationId = saslName(rawId);
  if (username === undefined || authorizationId === undefined) return undefined;
  return { gs2Header, authorizationId, bare, username, nonce };
}

/** `client-final-message` (RFC 5802 §7). */
export function parseClientFinal(data: Buffer | undefined): ClientFinal | undefined {
  const match = CLIENT_FINAL.exec(textOf(data) ?? '');
  if (!match) return undefined;
  const [, withoutProof = '', encodedBinding = '', nonce = '', encodedProof = ''] = match;
  const binding = base64(encodedBinding);
  const proof = base64(encodedProof);
  if (!binding || !proof) return undefined;
  return { withoutProof, binding: binding.toString('utf8'), nonce, proof };
}

function base64(text: string): Buffer | undefined {
  return BASE64.test(text) ? Buffer.from(text, 'base64') : undefined;
}

/** `saslname`: "," and "=" are written =2C and =3D. */
function saslName(text: string): string | undefined {
  if (/=(?!2C|3D)/.test(text)) return undefined;
  return text.replaceAll('=2C', ',').replaceAll('=3D', '=');
}
