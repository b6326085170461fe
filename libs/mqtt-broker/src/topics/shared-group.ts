import type { SharePresence } from '../cluster/publication-log.js';
import type { Subscription } from './subscription.js';

/** The members of one shared subscription; each message goes to one of them (MQTT 5.0 §4.8.2). */
export class SharedGroup {
  readonly members: Subscription[] = [];
  private turn = 0;

  /** @param share `$share/{group}/{filter}` */
  constructor(readonly share: string) {}

  get presence(): SharePresence {
    if (this.members.some(({ session }) => session.online)) return 'online';
    return this.members.length > 0 ? 'offline' : 'none';
  }

  /** In turn: a connected member with room, else a connected one, else one whose session keeps messages; none that may not have the topic. */
  pick(topic: string): Subscription | undefined {
    const count = this.members.length;
    let fallback: Subscription | undefined;
    for (let i = 0; i < count; i++) {
      const member = this.members[(this.turn + i) % count]!;
      if (member.only && !member.only(topic)) continue;
      if (member.session.ready) {
        this.turn = (this.turn + i + 1) % count;
        return member;
      }
      if (!fallback || (!fallback.session.online && member.session.online)) fallback = member;
    }
    this.turn = (this.turn + 1) % Math.max(1, count);
    return fallback;
  }
}
