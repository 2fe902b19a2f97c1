import { describe, expect, it } from 'vitest';
import { ObservationError } from '../contract/capabilities.ts';
import { attempt, kind, type ParamsOf } from './kind.ts';
import { failedSubjects, messageOf } from './message.ts';
import { objectSubject, Say } from './verdict.ts';

const messages = {
  tooOld: { says: '{subject}: is {actual}, expected at least {expected}.', fix: 'Upgrade to {expected}.' },
  down: { says: '{subject}: does not answer.', fix: 'Start it.' },
} as const;
const say = (): Say<typeof messages> => new Say(messages);

describe('the verdict policy', () => {
  it('does not pass where nothing was judged', () => {
    expect(say().verdict()).toMatchObject({ outcome: 'inconclusive', doubts: [{ reason: 'no-subjects' }] });
  });

  it('passes what was judged and raised neither finding nor doubt', () => {
    const one = say();
    one.judged('a', objectSubject('Node', { name: 'b' }), 'a');
    one.boundTo('sha256:1', 'sha256:1');
    expect(one.verdict()).toMatchObject({ outcome: 'pass', subjects: ['a', 'Node b'], images: ['sha256:1'] });
  });

  it('puts a finding before a doubt, and keeps both', () => {
    const one = say();
    one.judged('a', 'b');
    one.unknown('b', 'its version');
    one.fail('down', 'a');
    const { outcome, findings, doubts } = one.verdict();
    expect(outcome).toBe('fail');
    expect(messageOf(findings, doubts)).toBe(
      'a: does not answer.\nFix: Start it.\nNot judged: b: does not report its version.',
    );
  });

  it('does not pass with a doubt, which is an error where a means of looking failed', () => {
    const unsure = say();
    unsure.judged('a');
    unsure.unknown('a', 'maxmemory');
    expect(unsure.verdict()).toMatchObject({
      outcome: 'inconclusive',
      doubts: [{ reason: 'unknown-value', subject: { name: 'a' }, why: 'a: does not report maxmemory.' }],
    });
    unsure.refused({ code: 'forbidden', detail: 'NOPERM', message: 'may not' }, 'a');
    expect(unsure.verdict()).toMatchObject({
      outcome: 'error',
      doubts: [{}, { reason: 'forbidden', detail: 'NOPERM' }],
    });
  });

  it('does not apply only where nothing else was said', () => {
    const one = say();
    one.absent('There is none.');
    expect(one.verdict()).toMatchObject({ outcome: 'not-applicable', absent: 'There is none.' });
    one.unsure('too-few-samples', 'Two of ten.');
    expect(one.verdict().outcome).toBe('inconclusive');
  });
});

describe('a finding', () => {
  it('is data with its texts rendered beside it', () => {
    const one = say();
    const api = objectSubject('Deployment', { namespace: 'shop', name: 'api' }, { container: 'web' });
    one.fail('tooOld', api, { actual: 'v1', expected: 'v2' }, { path: '/spec', at: 'a.yaml:1:2' });
    const { findings } = one.verdict();
    expect(findings).toEqual([
      {
        id: 'tooOld',
        subject: { kind: 'Deployment', namespace: 'shop', name: 'api', container: 'web' },
        data: { actual: 'v1', expected: 'v2' },
        path: '/spec',
        at: 'a.yaml:1:2',
        says: 'Deployment shop/api: is v1, expected at least v2.',
        fix: 'Upgrade to v2.',
      },
    ]);
    expect(failedSubjects(findings)).toEqual(['Deployment shop/api']);
  });

  it('is kept once', () => {
    const one = say();
    one.fail('down', 'a');
    one.fail('down', 'a');
    one.fail('down', 'b');
    expect(one.verdict().findings.map(({ subject }) => subject.name)).toEqual(['a', 'b']);
  });

  it('cannot be made without the data its message names, nor under an unknown id', () => {
    const one = say();
    // @ts-expect-error `expected` is missing
    expect(() => one.fail('tooOld', 'a', { actual: 'v1' })).toThrow('message tooOld has no value for {expected}');
    // @ts-expect-error no such message
    expect(() => one.fail('other', 'a')).toThrow('no message other');
  });
});

it('types params, capabilities and what was gathered by the declaration alone', async () => {
  const params = {
    store: { type: 'string', description: 'The store.' },
    least: { type: 'integer', default: 2, description: 'The least.' },
  } as const;
  const given: ParamsOf<typeof params, 'store'> = { store: 'a', least: 1 };
  const declared = kind('testing/typed', {
    title: 'It is typed',
    why: '',
    sees: [],
    not: [],
    needs: ['dns'],
    params,
    required: ['store'],
    messages,
    // @ts-expect-error only dns is needed: there is no http
    gather: ({ least }, { http }) => Promise.resolve(http === undefined ? least + 1 : 0),
    judge({ store }, seen, say) {
      say.judged(store);
      if (seen < 3) say.fail('tooOld', store, { actual: seen, expected: 3 });
    },
  });
  expect(declared.meta).toMatchObject({ effect: 'read-only', params: { required: ['store'] } });
  const seen = await declared.gather(given, {} as never, {} as never);
  expect(declared.judge(given, seen, { now: new Date() })).toMatchObject({ outcome: 'fail', subjects: ['a'] });
});

it('keeps a refusal as data and lets a defect through', async () => {
  const refuse = () => Promise.reject(new ObservationError('forbidden', 'may not', { detail: 'NOPERM' }));
  expect(await attempt(refuse)).toEqual({ refusal: { code: 'forbidden', detail: 'NOPERM', message: 'may not' } });
  const fixable = await attempt(() =>
    Promise.reject(new ObservationError('tls', 'untrusted', { fix: 'Name the CA.' })),
  );
  expect(fixable).toEqual({ refusal: { code: 'tls', message: 'untrusted\nFix: Name the CA.' } });
  expect(await attempt(() => Promise.resolve(1))).toEqual({ seen: 1 });
  await expect(attempt(() => Promise.reject(new TypeError('x')))).rejects.toThrow(TypeError);
});
