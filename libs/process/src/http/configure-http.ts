import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { CarillonError } from '@carillon/domain';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { installBodyParsers } from './body-parsers.js';
import { HttpPort, type HttpPortOptions } from './http-port.js';
import { MAX_BODY_BYTES } from './limits.js';
import { toCarillonError } from './problem.js';
import { ProblemFilter, sendProblem } from './problem.filter.js';
import { RouteTable } from './route-table.js';
import { installSecurityHeaders } from './security-headers.js';
import { readBodiesOut } from './unread-body.js';
import { RequestValidationPipe } from './validation.pipe.js';

/** The longest name (128 characters) takes up to 12 bytes a character when it is percent-encoded. */
const MAX_PARAMETER_LENGTH = 2_048;

/** The adapter that every process with HTTP routes is created with; without options it serves HTTP alone. */
export function newHttpAdapter(port?: HttpPortOptions): FastifyAdapter {
  return new FastifyAdapter({
    ...(port && { serverFactory: new HttpPort(port).serverFactory }),
    bodyLimit: MAX_BODY_BYTES,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // The router refuses such a request (a path that cannot be decoded) before any handler or filter is there.
    frameworkErrors: (error: Error, _request: FastifyRequest, reply: FastifyReply): void =>
      sendProblem(reply, toCarillonError(error) ?? new CarillonError('invalid-request', error.message)),
  });
}

/** What all HTTP routes share: to be called before the application is initialised, so that it sees every route. */
export function configureHttp(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance() as unknown as FastifyInstance;
  const routes = new RouteTable();
  fastify.addHook('onRoute', (route) => routes.add(route));
  installSecurityHeaders(fastify);
  readBodiesOut(fastify);
  installBodyParsers(app);
  app.useGlobalFilters(new ProblemFilter(routes));
  app.useGlobalPipes(new RequestValidationPipe());
}
