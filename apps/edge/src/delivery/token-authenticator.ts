import { Injectable } from '@nestjs/common';
import { verifyToken } from '@carillon/auth';
import { DEVICE_ID, DeviceAuthenticator, DeviceDirectory, type DeviceLogin } from '@carillon/domain';

@Injectable()
export class TokenAuthenticator extends DeviceAuthenticator {
  constructor(private readonly directory: DeviceDirectory) {
    super();
  }

  async verify(deviceId: string, token: string): Promise<DeviceLogin | undefined> {
    if (!DEVICE_ID.test(deviceId)) return undefined;
    const login = await this.directory.login(deviceId);
    return login && verifyToken(login.credentials, token) ? login : undefined;
  }
}
