import type { Duplex } from 'node:stream';
import type { CloseCause } from '../hooks.js';

/** What a wire tells its connection. */
export interface WireListener {
  onInput(bytes: Buffer): void;
  /** Everything written has left; more may follow. */
  onDrained(): void;
  /** The peer is gone, or the wire was destroyed. Called once. */
  onGone(): void;
}

/** Raw output and flow control of one connection, whatever carries it. */
export interface Wire {
  /** Writes complete pieces in order; false when the peer does not keep up. */
  write(pieces: readonly string[]): boolean;
  /** Bytes written that have not left yet. */
  readonly pendingBytes: number;
  pauseInput(): void;
  resumeInput(): void;
  /** Ends our side after what was written. */
  end(cause: CloseCause): void;
  destroy(): void;
}

/** A byte stream: TCP, TLS, or an in-memory pair. */
export class ByteWire implements Wire {
  private gone = false;

  constructor(
    private readonly stream: Duplex,
    private readonly listener: WireListener,
  ) {}

  open(): void {
    const { stream } = this;
    stream.on('data', this.onData);
    stream.on('drain', this.onDrain);
    stream.on('error', this.onError);
    stream.on('end', this.onEnd);
    stream.on('close', this.onClose);
  }

  /** Gives the stream up for an upgrade; what it has read and not told is dropped (RFC 6120 §5.4.3.3). */
  detach(): Duplex {
    const { stream } = this;
    this.gone = true;
    stream.pause();
    stream
      .off('data', this.onData)
      .off('drain', this.onDrain)
      .off('end', this.onEnd)
      .off('close', this.onClose);
    while (stream.read() !== null);
    return stream;
  }

  write(pieces: readonly string[]): boolean {
    if (this.stream.destroyed || this.stream.writableEnded) return true;
    return this.stream.write(pieces.length === 1 ? pieces[0]! : pieces.join(''));
  }

  get pendingBytes(): number {
    return this.stream.writableLength;
  }

  pauseInput(): void {
    this.stream.pause();
  }

  resumeInput(): void {
    if (!this.gone) this.stream.resume();
  }

  end(): void {
    this.stream.end();
  }

  destroy(): void {
    this.stream.destroy();
    this.onClose();
  }

  private readonly onData = (bytes: Buffer): void => this.listener.onInput(bytes);
  private readonly onDrain = (): void => this.listener.onDrained();
  private readonly onError = (): void => this.onClose();
  private readonly onEnd = (): void => this.onClose();

  private readonly onClose = (): void => {
    if (this.gone) return;
    this.gone = true;
    this.listener.onGone();
  };
}
