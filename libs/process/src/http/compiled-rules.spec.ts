import { ArrayMinSize, IsDefined, IsOptional, IsString, Matches } from 'class-validator';
import { CompiledRules, keepsCompiledRules } from './compiled-rules.js';
import { FreeForm } from './free-form.js';
import { RequestValidationPipe } from './validation.pipe.js';

@CompiledRules()
class Order {
  @FreeForm()
  @IsDefined()
  what!: unknown;

  @IsOptional()
  @IsString()
  note?: string | null;

  @IsOptional()
  @ArrayMinSize(1)
  items?: unknown[];

  @IsString()
  @Matches(/^[a-z]+$/)
  who!: string;
}

class Slow {
  @IsString()
  who!: string;
}

@CompiledRules()
class Each {
  @IsString({ each: true })
  names!: string[];
}

const order = { what: { constructor: 1 }, who: 'anna' };
const pipe = new RequestValidationPipe();
const metadata = { type: 'body', metatype: Order } as const;

it.each([order, { ...order, note: null }, { ...order, note: 'soon', items: [1] }, { ...order, what: 0 }])(
  'takes %j as it is',
  async (body) => {
    expect(keepsCompiledRules(body, Order)).toBe(true);
    expect(await pipe.transform(body, metadata)).toBe(body);
  },
);

it.each([
  {},
  { who: 'anna' },
  { what: 1 },
  { ...order, who: 'Anna' },
  { ...order, note: 1 },
  { ...order, items: [] },
  { ...order, other: 1 },
  { ...order, constructor: 1 },
  { ...order, what: null },
  JSON.parse('{"what": 1, "who": "anna", "__proto__": 1}') as object,
])('leaves %j to the long way, which names the fault', async (body) => {
  expect(keepsCompiledRules(body as Record<string, unknown>, Order)).toBe(false);
  await expect(pipe.transform(body, metadata)).rejects.toMatchObject({ code: 'invalid-request' });
});

it('has no say about other classes, and none about rules that it does not know', () => {
  expect(keepsCompiledRules({ who: 'anna' }, Slow)).toBe(false);
  expect(() => keepsCompiledRules({ names: [] }, Each)).toThrow('Each.names: its rules cannot be compiled');
});
