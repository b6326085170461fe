import { configurationDocument } from './index.js';
import { variables } from './variables.js';
import type { Variable } from './variables.js';

describe('configurationDocument', () => {
  it.each(Object.values(variables).map(({ name }) => [name]))('has one row for %s', (name) => {
    expect(
      configurationDocument()
        .split('\n')
        .filter((row) => row.startsWith(`| \`${name}\``)),
    ).toHaveLength(1);
  });

  it('gives every default in the form that is allowed', () => {
    const defaulted = Object.values<Variable>(variables).filter((variable) => variable.default !== undefined);
    const refused = defaulted.filter((variable) => variable.kind.parse(variable.default!) === undefined);
    expect(refused).toEqual([]);
  });
});
