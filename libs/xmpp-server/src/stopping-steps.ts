/** Which are ended together, and when: a server that ends need not send everybody away at once. */
export type StoppingSteps = <T>(items: readonly T[], deadlineMs: number) => AsyncIterable<readonly T[]>;

export const atOnce: StoppingSteps = async function* <T>(items: readonly T[]) {
  yield items;
};
