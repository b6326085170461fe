import { CarillonError, type Fault } from '@carillon/domain';
import { invalidRequest } from '@carillon/process';

/** Where a part's fault stands in the whole request; undefined when another part tells it. */
export type Placing = (fault: Fault) => Fault | undefined;
const asItIs: Placing = (fault) => fault;

/** Gathers what is wrong with the parts of a request, so that the answer tells all of it. */
export class FaultGatherer {
  private readonly faults: Fault[] = [];
  private first: CarillonError | undefined;

  add(faults: readonly Fault[]): void {
    if (faults.length > 0) this.take(invalidRequest(faults), asItIs);
  }

  /** What `make` gives, or undefined when it fails. */
  async of<T>(make: () => T | Promise<T>, place = asItIs): Promise<T | undefined> {
    try {
      return await make();
    } catch (error) {
      if (!(error instanceof CarillonError)) throw error;
      this.take(error, place);
      return undefined;
    }
  }

  /** @throws CarillonError the first error, with all faults */
  throwFirst(): void {
    if (!this.first) return;
    const { code, message, extensions } = this.first;
    const [fault] = this.faults;
    const detail = fault ? `${fault.pointer || 'the body'} ${fault.detail}` : message;
    throw new CarillonError(code, detail, { faults: this.faults, extensions });
  }

  private take(error: CarillonError, place: Placing): void {
    const told = error.faults.length > 0 ? error.faults : [{ pointer: '', detail: error.message }];
    const faults = told.flatMap((fault) => place(fault) ?? []);
    if (faults.length === 0) return;
    this.first ??= error;
    this.faults.push(...faults.filter((fault) => !this.has(fault)));
  }

  /** Two parts may find the same fault. */
  private has({ pointer, detail }: Fault): boolean {
    return this.faults.some((known) => known.pointer === pointer && known.detail === detail);
  }
}
