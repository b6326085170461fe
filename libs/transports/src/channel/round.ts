/** Goes round the values of a map, a part at each step; what comes and goes meanwhile does not hold it up. */
export class Round<T> {
  private rest: Iterator<T>;

  constructor(private readonly all: ReadonlyMap<string, T>) {
    this.rest = all.values();
  }

  /** @param share of all that there are, 0 to 1; the next step goes on behind them */
  next(share: number): T[] {
    const found: T[] = [];
    const wanted = Math.ceil(this.all.size * share);
    while (found.length < wanted) {
      const { done, value } = this.rest.next();
      if (!done) found.push(value);
      else this.rest = this.all.values();
    }
    return found;
  }
}
