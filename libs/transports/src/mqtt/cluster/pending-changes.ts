import type { SessionChange } from '@carillon/mqtt-broker';
import { packWill } from './publication-codec.js';
import {
  packMessage,
  receivedField,
  stateField,
  stateValue,
  subscriptionField,
  subscriptionValue,
} from './session-codec.js';

type Value = string | number | Buffer;

/** Of one hash: what a field is to be, undefined to remove it; the last word holds. */
class PendingFields {
  private readonly fields = new Map<string, Value | undefined>();

  set(name: string, value: Value): void {
    this.fields.set(name, value);
  }

  remove(name: string): void {
    this.fields.set(name, undefined);
  }

  /** The field was never written, as far as this batch knows. */
  isNew(name: string): boolean {
    return this.fields.get(name) !== undefined;
  }

  forget(name: string): void {
    this.fields.delete(name);
  }

  /** Two lists, each preceded by its length: fields and values, and fields to remove. */
  arguments(): Value[] {
    const set: Value[] = [];
    const removed: Value[] = [];
    for (const [name, value] of this.fields) {
      if (value === undefined) removed.push(name);
      else set.push(name, value);
    }
    return [set.length, ...set, removed.length, ...removed];
  }
}

/** What is to be written of one session; later changes take the place of earlier ones. */
export class PendingChanges {
  readonly session = new PendingFields();
  readonly messages = new PendingFields();
  fate: 'keep' | 'end' | 'release' = 'keep';
  /** Of a released one, ms; undefined: for ever. */
  life: number | undefined;

  add(change: SessionChange): void {
    switch (change.op) {
      case 'attached':
        this.session.set('who', change.identity);
        this.session.set('expiry', change.expiryInterval);
        this.session.remove('since');
        if (change.will) this.session.set('will', packWill(change.will));
        else this.session.remove('will');
        break;
      case 'parked':
        this.session.set('since', Math.floor(change.at));
        this.session.set('expiry', change.expiryInterval);
        if (!change.willWaits) this.session.remove('will');
        break;
      case 'subscribed': {
        const { subscription, routed } = change;
        this.session.set(subscriptionField(subscription.filter), subscriptionValue(subscription, routed));
        break;
      }
      case 'unsubscribed':
        this.session.remove(subscriptionField(change.filter));
        break;
      case 'received':
        this.session.set(receivedField(change.packetId), 1);
        break;
      case 'forgotten':
        this.session.remove(receivedField(change.packetId));
        break;
      default:
        this.addToMessage(change);
    }
  }

  private addToMessage(change: Extract<SessionChange, { key: number }>): void {
    const name = `${change.key}`;
    const state = stateField(change.key);
    if (change.op === 'queued') {
      const { packetId, released } = change.message;
      this.messages.set(name, packMessage(change.message));
      if (packetId > 0) this.messages.set(state, stateValue(packetId, released));
    } else if (change.op === 'sent') {
      this.messages.set(state, stateValue(change.packetId, false));
    } else if (change.op === 'released') {
      this.messages.set(state, stateValue(change.packetId, true));
    } else if (this.messages.isNew(name)) {
      // Came and went between two writes.
      this.messages.forget(name);
      this.messages.forget(state);
    } else {
      this.messages.remove(name);
      this.messages.remove(state);
    }
  }
}
