import { Injectable, type OnModuleInit } from '@nestjs/common';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import { ProcessContext } from '@carillon/process';

/** The certificate that the TLS listeners and STARTTLS show. */
@Injectable()
export class TlsMaterial implements OnModuleInit {
  private loaded: { options: SecureContextOptions; context: SecureContext } | undefined;

  constructor(private readonly process: ProcessContext) {}

  async onModuleInit(): Promise<void> {
    const { config, directory } = this.process;
    const { cert, key } = await directory.certificates(config.xmpp.domain);
    const options = { cert, key, minVersion: 'TLSv1.2' } as const;
    this.loaded = { options, context: createSecureContext(options) };
  }

  /** For STARTTLS. */
  secureContext(): SecureContext {
    return this.material().context;
  }

  /** For listeners. */
  options(): SecureContextOptions {
    return this.material().options;
  }

  private material(): { options: SecureContextOptions; context: SecureContext } {
    if (!this.loaded) throw new Error('the certificate is read when the edge starts');
    return this.loaded;
  }
}
