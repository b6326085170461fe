import type { Wire, WireListener } from './wire.js';

/** The part of a `ws` WebSocket that the server uses. */
export interface FramedSocket {
  send(text: string, done: () => void): void;
  close(code?: number): void;
  terminate(): void;
  pause(): void;
  resume(): void;
  readonly bufferedAmount: number;
  on(event: 'message', listener: (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => void): unknown;
  on(event: 'close' | 'error', listener: () => void): unknown;
}

const CONGESTED_BYTES = 65_536;
const NORMAL_CLOSURE = 1000;

/** One message is one element (RFC 7395 §3.3.1). */
export class WebSocketWire implements Wire {
  private gone = false;
  private congested = false;

  constructor(
    private readonly socket: FramedSocket,
    private readonly listener: WireListener,
  ) {}

  open(): void {
    this.socket.on('message', (data) => this.onMessage(data));
    this.socket.on('close', () => this.onClose());
    this.socket.on('error', () => this.onClose());
  }

  write(pieces: readonly string[]): boolean {
    if (this.gone) return true;
    for (const piece of pieces) this.socket.send(piece, this.onSent);
    this.congested = this.socket.bufferedAmount >= CONGESTED_BYTES;
    return !this.congested;
  }

  get pendingBytes(): number {
    return this.socket.bufferedAmount;
  }

  pauseInput(): void {
    this.socket.pause();
  }

  resumeInput(): void {
    if (!this.gone) this.socket.resume();
  }

  end(): void {
    this.socket.close(NORMAL_CLOSURE);
  }

  destroy(): void {
    this.socket.terminate();
    this.onClose();
  }

  private onMessage(data: Buffer | ArrayBuffer | Buffer[]): void {
    if (this.gone) return;
    if (Buffer.isBuffer(data)) this.listener.onInput(data);
    else this.listener.onInput(Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data));
  }

  private readonly onSent = (): void => {
    if (!this.congested || this.gone || this.socket.bufferedAmount >= CONGESTED_BYTES) return;
    this.congested = false;
    this.listener.onDrained();
  };

  private onClose(): void {
    if (this.gone) return;
    this.gone = true;
    this.listener.onGone();
  }
}
