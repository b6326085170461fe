interface Place {
  send: (() => void) | undefined;
}

/**
 * Acknowledgements go out in the order in which their publications came, however late each of them is
 * ready [MQTT-4.6.0-2], [MQTT-4.6.0-3].
 */
export class OrderedAcknowledgements {
  private readonly waiting: Place[] = [];

  get pending(): boolean {
    return this.waiting.length > 0;
  }

  /** Keeps a place for a publication that came now; to be called with what sends its acknowledgement. */
  reserve(): (send: () => void) => void {
    const place: Place = { send: undefined };
    this.waiting.push(place);
    return (send) => {
      place.send = send;
      while (this.waiting[0]?.send) this.waiting.shift()!.send!();
    };
  }
}
