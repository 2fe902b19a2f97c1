import { describe, expect, it } from 'vitest';
import { growth } from '../../tests/harness/growth.ts';
import { blockOf, sizeOf, union, without } from './addresses.ts';
import { allowEverything, type Selectable } from './network-policy.ts';

const among: Selectable = {
  pods: [{ app: 'a' }, { app: 'b', tier: 'x' }],
  otherNamespaces: [{ team: 'a' }, { team: 'b' }, {}],
};
const ingress = (rules: readonly object[], podSelector: object = {}) => ({
  podSelector,
  policyTypes: ['Ingress'],
  ingress: rules,
});
const cidrs = (...all: readonly string[]) => ({ from: all.map((cidr) => ({ ipBlock: { cidr } })) });
const opens = (...specs: readonly object[]): boolean => allowEverything(specs, 'ingress', among);
const everyKey = (key: string) => ({ matchExpressions: [{ key, operator: 'Exists' }] });

describe('everybody, however it is spelled', () => {
  it.each([
    ['an empty rule', [ingress([{}])]],
    ['an empty list of peers', [ingress([{ from: [], ports: [] }])]],
    ['quarters', [ingress([cidrs('0.0.0.0/2', '64.0.0.0/2'), cidrs('128.0.0.0/2', '192.0.0.0/2')])]],
    ['a block written from within', [ingress([cidrs('10.1.2.3/0')])]],
    ['IPv6', [ingress([cidrs('::/0')])]],
    ['all of TCP', [ingress([{ ports: [{ protocol: 'TCP' }] }])]],
    [
      'nearly all ports',
      [
        ingress([
          {
            ports: [
              { port: 1, endPort: 1023 },
              { port: 1025, endPort: 65535 },
            ],
          },
        ]),
      ],
    ],
    ['a label of every pod', [ingress([{}], everyKey('app'))]],
    ['a label that no pod has', [ingress([{}], { matchExpressions: [{ key: 'no', operator: 'DoesNotExist' }] })]],
    ['a policy a pod', [ingress([{}], { matchLabels: { app: 'a' } }), ingress([{}], { matchLabels: { app: 'b' } })]],
    [
      'every namespace, one by one',
      [
        ingress([
          { from: [{ namespaceSelector: everyKey('team') }] },
          { from: [{ namespaceSelector: { matchExpressions: [{ key: 'team', operator: 'DoesNotExist' }] } }] },
        ]),
      ],
    ],
  ])('%s is open', (_what, specs) => expect(opens(...specs)).toBe(true));

  it.each([
    ['some pods', [ingress([{}], { matchLabels: { app: 'a' } })]],
    ['the pods of the namespace', [ingress([{ from: [{ podSelector: {} }] }])]],
    ['some namespaces', [ingress([{ from: [{ namespaceSelector: everyKey('team') }] }])]],
    ['a port', [ingress([{ ports: [{ port: 443 }, { port: 'metrics' }, { protocol: 'UDP' }] }])]],
    ['node ports', [ingress([{ ports: [{ port: 30000, endPort: 32767 }] }])]],
    ['the outside world', [ingress([{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] }])]],
    ['some addresses', [ingress([cidrs('10.0.0.0/8', '192.168.0.0/16', 'fd00::/8')])]],
    ['an address in IPv6 and a half of IPv4', [ingress([cidrs('128.0.0.0/1', '2001:db8::1/128')])]],
    ['nothing', [ingress([])]],
    ['the other direction', [{ podSelector: {}, policyTypes: ['Egress'], egress: [{}] }]],
  ])('%s is not', (_what, specs) => expect(opens(...specs)).toBe(false));
});

describe('address blocks', () => {
  it('read IPv4 and IPv6, and nothing else', () => {
    expect(blockOf('10.9.8.7/8')).toEqual({ bits: 32, from: 10n << 24n, to: (11n << 24n) - 1n });
    expect(blockOf('fc00::/7')?.from).toBe(0xfcn << 120n);
    expect(blockOf('1:2:3:4:5:6:7:8/128')?.bits).toBe(128);
    for (const text of ['10.0.0.0/33', '10.0.0.0', '1::2::3/64', '::ffff:1.2.3.4/96', 'shop/8', ''])
      expect(blockOf(text), text).toBeNull();
  });

  it('add up and take away', () => {
    const range = (from: number, to: number) => ({ from: BigInt(from), to: BigInt(to) });
    expect(union([range(5, 9), range(1, 3), range(4, 4), range(6, 7)])).toEqual([range(1, 9)]);
    expect(without(range(1, 9), [range(3, 4), range(9, 12)])).toEqual([range(1, 2), range(5, 8)]);
    expect(without(range(1, 9), [range(0, 20)])).toEqual([]);
    expect(sizeOf([range(1, 2), range(5, 8)])).toBe(6n);
  });
});

it('eight times as many pods take eight times as long, not the square', () => {
  const specs = Array.from({ length: 50 }, (_, at) => ingress([{}], { matchLabels: { app: `a${at}` } }));
  const judge = (size: number): void => {
    const pods = Array.from({ length: size }, (_, at) => ({ app: `a${at % 50}`, pod: `${at}` }));
    expect(allowEverything(specs, 'ingress', { ...among, pods })).toBe(true);
  };
  expect(growth(judge, 400, 8)).toBeLessThan(24);
});
