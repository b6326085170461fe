/** Topic aliases of one connection (MQTT 5.0 §3.3.2.3.4); each direction has its own. */
export class TopicAliases {
  private inbound: Map<number, string> | undefined;
  private outbound: Map<string, number> | undefined;

  /**
   * @param inboundMaximum aliases the client may set
   * @param outboundMaximum aliases the server may set
   */
  constructor(
    readonly inboundMaximum: number,
    private readonly outboundMaximum: number,
  ) {}

  /** The topic that an alias stands for; sets it where a topic came along. Undefined: alias unknown or out of range. */
  resolve(alias: number, topic: string): string | undefined {
    if (alias > this.inboundMaximum) return undefined; // [MQTT-3.3.2-9]
    if (topic.length === 0) return this.inbound?.get(alias);
    (this.inbound ??= new Map()).set(alias, topic);
    return topic;
  }

  /** For a topic to send: -n if alias n is known to the client, +n if it may be set now, 0 for none. */
  offer(topic: string): number {
    if (this.outboundMaximum === 0) return 0;
    const known = this.outbound?.get(topic);
    if (known !== undefined) return -known;
    const next = (this.outbound?.size ?? 0) + 1;
    return next <= this.outboundMaximum ? next : 0;
  }

  /** A packet that sets the alias is on its way. */
  commit(alias: number, topic: string): void {
    if (alias > 0) (this.outbound ??= new Map()).set(topic, alias);
  }
}
