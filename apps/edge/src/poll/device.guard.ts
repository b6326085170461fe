import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { CarillonError, DeviceAuthenticator, type DeviceLogin } from '@carillon/domain';
import type { FastifyReply, FastifyRequest } from 'fastify';

type DeviceRequest = FastifyRequest & { device?: DeviceLogin };

/** A device logs in by HTTP Basic (RFC 7617), its id as the user and its token as the password, or by `Bearer id:token`. */
@Injectable()
export class DeviceGuard implements CanActivate {
  constructor(private readonly authenticator: DeviceAuthenticator) {}

  async canActivate(execution: ExecutionContext): Promise<boolean> {
    const http = execution.switchToHttp();
    const request = http.getRequest<DeviceRequest>();
    const login = await this.verify(request.headers.authorization);
    if (login) {
      request.device = login;
      return true;
    }
    void http
      .getResponse<FastifyReply>()
      .header('www-authenticate', 'Basic realm="devices", charset="UTF-8"');
    throw new CarillonError('unauthenticated', 'log in by HTTP Basic with the device id and its token');
  }

  private async verify(authorization: string | undefined): Promise<DeviceLogin | undefined> {
    const [, scheme = '', value = ''] = /^(Basic|Bearer) +(\S+)$/i.exec(authorization ?? '') ?? [];
    const text = scheme.toLowerCase() === 'basic' ? Buffer.from(value, 'base64').toString('utf8') : value;
    const colon = text.indexOf(':');
    if (colon < 1) return undefined;
    return this.authenticator.verify(text.slice(0, colon), text.slice(colon + 1));
  }
}

/** The device that a request came from. */
export const RequestDevice = createParamDecorator(
  (_: unknown, execution: ExecutionContext) => execution.switchToHttp().getRequest<DeviceRequest>().device,
);
