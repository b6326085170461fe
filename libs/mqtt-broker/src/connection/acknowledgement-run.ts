import { PLAIN_ACKNOWLEDGEMENT_SIZE, writePlainAcknowledgement } from '../codec/encode-acknowledgement.js';
import type { AcknowledgementPacket } from '../codec/packets.js';

const SLAB_SIZE = 16 * 1024;

/**
 * Acknowledgements that one connection gets one behind the other: a publisher's many packets of one read are answered
 * by one buffer. There is one run at a time; whoever owns it has to take it before anything else goes out.
 */
export class AcknowledgementRun<Owner> {
  owner: Owner | undefined = undefined;
  private slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
  private start = 0;
  private end = 0;

  get full(): boolean {
    return this.end + PLAIN_ACKNOWLEDGEMENT_SIZE > this.slab.length;
  }

  /** The one before was taken. */
  begin(owner: Owner): void {
    if (this.full) {
      this.slab = Buffer.allocUnsafeSlow(SLAB_SIZE);
      this.end = 0;
    }
    this.start = this.end;
    this.owner = owner;
  }

  add(type: AcknowledgementPacket['type'], packetId: number): void {
    this.end = writePlainAcknowledgement(this.slab, this.end, type, packetId);
  }

  /** The bytes of the run, which is over. */
  take(): Buffer {
    this.owner = undefined;
    return this.slab.subarray(this.start, this.end);
  }
}
