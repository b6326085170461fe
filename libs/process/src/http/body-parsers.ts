import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { CarillonError } from '@carillon/domain';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { MAX_BODY_BYTES } from './limits.js';
import { parseJson } from './parse-json.js';

/** Route option, for `@RouteConfig`: the route takes its body as text, whatever its media type says. */
export const TEXT_BODY = { textBody: true } as const;

/** Route option: the route takes its body as a stream, of any length. */
export const STREAM_BODY = { streamBody: true } as const;

const JSON_TYPES = ['application/json', 'application/merge-patch+json'];
const STREAM_TYPES = ['application/x-ndjson', 'text/csv'];
const TEXT_TYPES = ['text/plain', 'application/x-www-form-urlencoded'];

/**
 * JSON for every route; text (and what `curl -d` calls a form) for those that say so. Anything else is a 415.
 * What throws here is answered, as if it had been handed to `done`.
 */
export function installBodyParsers(app: NestFastifyApplication): void {
  const bounds = { bodyLimit: MAX_BODY_BYTES };
  app.useBodyParser(JSON_TYPES, bounds, (_request, body, done) => done(null, parseJson(decode(body))));
  app.useBodyParser(TEXT_TYPES, bounds, (_request, body, done) => done(null, decode(body)));
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  fastify.addContentTypeParser(STREAM_TYPES, (_request, payload, done) => done(null, payload));
  fastify.addHook('preValidation', (request, _reply, done) => {
    refuseUnexpectedText(request);
    refuseUnexpectedStream(request);
    done();
  });
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

function decode(body: Buffer): string {
  try {
    return UTF8.decode(body);
  } catch {
    throw new CarillonError('invalid-request', 'the body is not UTF-8');
  }
}

function refuseUnexpectedStream({ headers, routeOptions }: FastifyRequest): void {
  const type = headers['content-type'] ?? '';
  if (!STREAM_TYPES.some((stream) => type.toLowerCase().startsWith(stream))) return;
  if ((routeOptions.config as { streamBody?: boolean }).streamBody) return;
  throw new CarillonError('unsupported-media-type', `send the body as application/json; it came as ${type}`);
}

function refuseUnexpectedText({ body, headers, routeOptions }: FastifyRequest): void {
  const type = headers['content-type'] ?? '';
  if (typeof body !== 'string' || !TEXT_TYPES.some((text) => type.toLowerCase().startsWith(text))) return;
  if ((routeOptions.config as { textBody?: boolean }).textBody) return;
  throw new CarillonError(
    'unsupported-media-type',
    `send the body as application/json; it came as ${type} (with curl: -H 'Content-Type: application/json')`,
  );
}
