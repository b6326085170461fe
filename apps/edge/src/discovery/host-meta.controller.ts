import { Controller, Get, Header, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { CarillonError } from '@carillon/domain';
import { ProcessContext } from '@carillon/process';
import { Element } from '@carillon/xmpp-server';
import type { FastifyRequest } from 'fastify';
import { BOSH_PATH } from '../listeners/bosh.js';
import { WEBSOCKET_PATH } from '../listeners/websockets.js';

const XRD = 'http://docs.oasis-open.org/ns/xri/xrd-1.0';
const CALLED = /^[a-z0-9.:[\]-]{1,255}$/i;

interface Link {
  readonly rel: string;
  readonly href: string;
}

/** Where web clients find the XMPP server (XEP-0156 §3). Other sites' pages may read it. */
@ApiExcludeController()
@Controller('.well-known')
export class HostMetaController {
  constructor(private readonly context: ProcessContext) {}

  @Get('host-meta')
  @Header('content-type', 'application/xrd+xml; charset=utf-8')
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', 'no-store')
  xml(@Req() request: FastifyRequest): string {
    const links = this.links(request).map(({ rel, href }) => new Element('Link', XRD, { rel, href }));
    return `<?xml version='1.0' encoding='utf-8'?>\n${new Element('XRD', XRD, {}, links).toString()}\n`;
  }

  @Get('host-meta.json')
  @Header('access-control-allow-origin', '*')
  @Header('cache-control', 'no-store')
  json(@Req() request: FastifyRequest): { links: Link[] } {
    return { links: this.links(request) };
  }

  private links(request: FastifyRequest): Link[] {
    const base = this.context.config.publicUrl ?? calledUrl(request);
    const bosh = { rel: 'urn:xmpp:alt-connections:xbosh', href: base + BOSH_PATH };
    const webSocket = {
      rel: 'urn:xmpp:alt-connections:websocket',
      href: base.replace(/^http/, 'ws') + WEBSOCKET_PATH,
    };
    return this.context.config.xmpp.bosh.enabled ? [bosh, webSocket] : [webSocket];
  }
}

/** What the client calls this server by. */
function calledUrl({ raw, headers }: FastifyRequest): string {
  const { encrypted = false } = raw.socket as typeof raw.socket & { encrypted?: boolean };
  const host = headers.host ?? '';
  if (!CALLED.test(host)) throw new CarillonError('invalid-request', 'the Host header names no host');
  return `${encrypted ? 'https' : 'http'}://${host}`;
}
