/** A credential that ends under way would leave users on both releases: it is refused before anything moves. */
import { describe, expect, it } from 'vitest';
import { worlds } from '../../cutover/testing/worlds.ts';
import { credentialEndOf } from '../../fixtures/cluster/credential-end.ts';
import { selfSigned } from '../harness/servers.ts';

const world = worlds();
/** Three windows of 120 ms, three proofs of 5 s and a way back of 5 s. */
const LADDER_MS = 3 * 5120 + 5000;
const user = { name: 'gate' };
const jwt = (payload: unknown): string => `e30.${Buffer.from(JSON.stringify(payload)).toString('base64url')}.c2ln`;

describe('a cutover', () => {
  it.each([
    [LADDER_MS - 1000, 'refused', /its token is valid until .* may last 20\.4 s/],
    [LADDER_MS + 1000, 'finished', null],
  ] as const)('whose credential lasts %i ms is %s', async (ms, end, why) => {
    const one = world();
    one.credentialEnd = { what: 'its token', at: one.clock.date().getTime() + ms };
    const [ended] = await Promise.all([one.run(), end === 'refused' ? undefined : one.items()]);
    expect([ended, one.sets]).toEqual([end, end === 'refused' ? [] : [5, 50, 100]]);
    if (why) expect(one.of('refused')[0]?.why).toMatch(why);
  });
  it('is refused when its way back is rehearsed, too', async () => {
    const one = world();
    one.credentialEnd = { what: 'its client certificate', at: one.clock.date().getTime() };
    expect(await one.rehearse()).toMatchObject({ end: 'refused' });
    expect(one.restores).toBe(0);
  });
});

describe('the end of a credential', () => {
  it.each([
    ['a token', { ...user, token: jwt({ exp: 1_800_000_000 }) }, { what: 'its token', at: 1_800_000_000_000 }],
    ['a token without end', { ...user, token: jwt({ sub: 'gate' }) }, null],
    ['a token that is no JWT', { ...user, token: 'opaque.e30' }, null],
    ['a token whose end is a text', { ...user, token: jwt({ exp: 'soon' }) }, null],
    ['a certificate that is none', { ...user, certData: Buffer.from('no PEM').toString('base64') }, null],
    ['a plugin, which is asked again', { ...user, exec: { command: 'aws', apiVersion: 'v1' } }, null],
  ])('of %s', (_, of, end) => {
    expect(credentialEndOf(of as never)).toEqual(end);
  });
  it('is the earlier one of a token and a client certificate', () => {
    const pair = selfSigned();
    pair.remove();
    const certData = Buffer.from(pair.cert).toString('base64');
    const late = { ...user, certData, token: jwt({ exp: 32_503_680_000 }) };
    expect(credentialEndOf(late)).toMatchObject({ what: 'its client certificate' });
    expect(credentialEndOf({ ...late, token: jwt({ exp: 1 }) })).toEqual({ what: 'its token', at: 1000 });
  });
});
