import type { EnvelopeContent } from '@carillon/domain';
import { preparePush, type PushDelivery } from '@carillon/xmpp-server';

/** A content as pushes need it: read and serialised once for all the devices that get it. */
export interface PushContents {
  readonly content: EnvelopeContent;
  /** ms since 1970 */
  readonly sentAt: number;
  readonly stanza: (delivery: PushDelivery) => string;
}

const MAX_KEPT = 256;
/** Characters; longer ones are read each time. */
const MAX_LENGTH = 16_384;

/** The contents that were pushed last, by their JSON, which names the notification. */
export class RecentContents {
  private readonly kept = new Map<string, PushContents>();

  constructor(private readonly domain: string) {}

  of(contentJson: string, app: string): PushContents {
    return this.kept.get(contentJson) ?? this.add(contentJson, app);
  }

  private add(contentJson: string, app: string): PushContents {
    const content = JSON.parse(contentJson) as EnvelopeContent;
    const { title, body, uri, sentAt } = content;
    const stanza = preparePush({ from: `${app}@${this.domain}`, title, body, uri });
    const read = { content, sentAt: Date.parse(sentAt), stanza };
    if (contentJson.length > MAX_LENGTH) return read;
    const [oldest] = this.kept.keys();
    if (this.kept.size >= MAX_KEPT && oldest !== undefined) this.kept.delete(oldest);
    this.kept.set(contentJson, read);
    return read;
  }
}
