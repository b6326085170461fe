import { Injectable, type OnModuleInit } from '@nestjs/common';
import { createSecureContext, type SecureContext } from 'node:tls';
import { ProcessContext } from '@carillon/process';

/** The certificate that the TLS listeners and STARTTLS show. */
@Injectable()
export class TlsMaterial implements OnModuleInit {
  private context: SecureContext | undefined;

  constructor(private readonly process: ProcessContext) {}

  async onModuleInit(): Promise<void> {
    const { config, directory } = this.process;
    const { cert, key } = await directory.certificates(config.xmpp.domain);
    this.context = createSecureContext({ cert, key, minVersion: 'TLSv1.2' });
  }

  secureContext(): SecureContext {
    if (!this.context) throw new Error('the certificate is read when the edge starts');
    return this.context;
  }
}
