/** Brings together what comes in one turn of the event loop, and while what came before it is worked on. */
export class Gatherer<Item> {
  private waiting: Item[] = [];
  private underWay = false;
  private settling: (() => void)[] = [];

  /** @param work gets what has come, in its order, when it is done with what came before; it never rejects */
  constructor(private readonly work: (items: readonly Item[]) => Promise<void>) {}

  add(item: Item): void {
    this.waiting.push(item);
    if (this.underWay) return;
    this.underWay = true;
    setImmediate(() => void this.workOff());
  }

  /** Fulfilled when all that has come is done, and what came meanwhile. */
  async settled(): Promise<void> {
    if (this.underWay) await new Promise<void>((resolve) => this.settling.push(resolve));
  }

  private async workOff(): Promise<void> {
    while (this.waiting.length > 0) {
      const items = this.waiting;
      this.waiting = [];
      await this.work(items);
    }
    this.underWay = false;
    const { settling } = this;
    this.settling = [];
    for (const resolve of settling) resolve();
  }
}
