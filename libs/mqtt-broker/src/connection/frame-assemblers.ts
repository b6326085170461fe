import { FrameAssembler } from '../codec/frame-assembler.js';

const SPARE = 16;

/** Lends assemblers: a connection needs one only while bytes of it wait to be handled, so that most of the time few serve all. */
export class FrameAssemblers {
  private readonly spare: FrameAssembler[] = [];

  lend(maxPacketSize: number): FrameAssembler {
    const assembler = this.spare.pop() ?? new FrameAssembler(maxPacketSize);
    assembler.maxPacketSize = maxPacketSize;
    return assembler;
  }

  /** One that has no bytes left and has not failed. */
  giveBack(assembler: FrameAssembler): void {
    assembler.clear();
    if (this.spare.length < SPARE) this.spare.push(assembler);
  }
}
