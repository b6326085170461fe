/** Work of the same turn is done one after the other, whether it fails or not; other turns do not wait for it. */
export class Turns {
  private readonly last = new Map<string, Promise<unknown>>();

  take<T>(turn: string, work: () => Promise<T>): Promise<T> {
    const before = this.last.get(turn);
    const own = before ? before.then(work, work) : work();
    this.last.set(turn, own);
    const leave = (): void => {
      if (this.last.get(turn) === own) this.last.delete(turn);
    };
    own.then(leave, leave);
    return own;
  }
}
