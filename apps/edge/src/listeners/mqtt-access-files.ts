import { Injectable, type OnModuleInit } from '@nestjs/common';
import { readFile } from 'node:fs/promises';
import { StartupError } from '@carillon/config';
import { ProcessContext, Reload } from '@carillon/process';
import { type LineFault, type MqttAccessRules, parseAccessList, parseUsers } from '@carillon/transports';
import { Transports } from '../delivery/transports.js';

/** The operator's MQTT users and access list, as files. */
@Injectable()
export class MqttAccessFiles implements OnModuleInit {
  constructor(
    private readonly context: ProcessContext,
    private readonly transports: Transports,
    private readonly reload: Reload,
  ) {}

  async onModuleInit(): Promise<void> {
    await this.load();
    this.reload.add('MQTT access files', () => this.load());
  }

  /** Throws a StartupError and leaves the old rules in force if the files cannot be used. */
  private async load(): Promise<void> {
    this.transports.mqtt.setRules(await this.read());
  }

  private async read(): Promise<MqttAccessRules> {
    const { usersFile, aclFile } = this.context.config.mqtt;
    const faults: string[] = [];
    const users = await parsed('CARILLON_MQTT_USERS_FILE', usersFile, parseUsers, faults);
    const acl = await parsed('CARILLON_MQTT_ACL_FILE', aclFile, parseAccessList, faults);
    if (faults.length > 0) {
      throw new StartupError(
        'the MQTT access files cannot be used',
        ['correct them', ...faults].join('\n  '),
      );
    }
    return { users: users?.users, list: acl?.list };
  }
}

async function parsed<T extends { readonly faults: readonly LineFault[] }>(
  variable: string,
  path: string | undefined,
  parse: (text: string) => T,
  faults: string[],
): Promise<T | undefined> {
  if (path === undefined) return undefined;
  try {
    const result = parse(await readFile(path, 'utf8'));
    faults.push(...result.faults.map(({ line, what }) => `${variable}=${path}, line ${line}: ${what}`));
    return result;
  } catch (error) {
    faults.push(`${variable}=${path} cannot be read (${(error as NodeJS.ErrnoException).code})`);
    return undefined;
  }
}
