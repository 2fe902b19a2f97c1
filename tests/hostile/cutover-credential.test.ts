/** A credential that ends under way would leave users on both releases: it is refused before anything moves. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { worlds } from '../../cutover/testing/worlds.ts';
import { credentialEndOf } from '../../cutover/credential-end.ts';
import { selfSigned } from '../harness/servers.ts';

const world = worlds();
/** Three windows of 120 ms, three proofs of 5 s and a rollback of 5 s. */
const LADDER_MS = 3 * 5120 + 5000;
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
  it('is refused when its rollback is rehearsed, too', async () => {
    const one = world();
    one.credentialEnd = { what: 'its client certificate', at: one.clock.date().getTime() };
    expect(await one.rehearse()).toMatchObject({ end: 'refused' });
    expect(one.restores).toBe(0);
  });
});

describe('the end of a credential', () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-credential-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  const SOON = Math.floor(Date.now() / 1000) + 60;
  const soon = new Date(SOON * 1000).toISOString();
  const endOf = (user: object, before = Date.now() + 3_600_000) => {
    const path = join(folder, 'kubeconfig');
    const contexts = [{ name: 'shop', context: { cluster: 'shop', user: 'gate' } }];
    // JSON is YAML.
    writeFileSync(path, JSON.stringify({ contexts, users: [{ name: 'gate', user }] }));
    return credentialEndOf({ path, context: 'shop' }, before, new AbortController().signal);
  };
  /** A plugin that prints this, in whose text NOW is the present second and a minute. */
  const plugin = (status: object) => ({
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args: ['-e', `console.log(process.env.TEXT.replaceAll('NOW', new Date(Date.now() + 60000).toISOString()))`],
      env: [{ name: 'TEXT', value: JSON.stringify({ kind: 'ExecCredential', status }) }],
    },
  });

  it.each<[string, object, object | null]>([
    ['a token', { token: jwt({ exp: SOON }) }, { what: 'its token', at: SOON * 1000 }],
    ['a token that lasts', { token: jwt({ exp: SOON + 7200 }) }, null],
    ['a token without end', { token: jwt({ sub: 'gate' }) }, null],
    ['a token that is no JWT', { token: 'opaque.e30' }, null],
    ['a token whose end is a text', { token: jwt({ exp: 'soon' }) }, null],
    ['a token file, which is read again', { tokenFile: '/run/token', token: jwt({ exp: SOON }) }, null],
    ['a certificate that is none', { 'client-certificate-data': Buffer.from('no PEM').toString('base64') }, null],
    ['a plugin that gives the same again', plugin({ token: 'a', expirationTimestamp: soon }), { at: SOON * 1000 }],
    ['a plugin whose token says it', plugin({ token: jwt({ exp: SOON }) }), { at: SOON * 1000 }],
    ['a plugin that gives another each time', plugin({ token: 'a', expirationTimestamp: 'NOW' }), null],
    ['a plugin that is not there', { exec: { command: '/no/such/plugin' } }, null],
    ['a plugin of a cloud, which renews', { exec: { command: 'gke-gcloud-auth-plugin' } }, null],
    ['nobody', {}, null],
  ])('of %s', async (_, user, end) => {
    const found = await endOf(user);
    if (end) expect(found).toMatchObject(end);
    else expect(found).toBeNull();
  });
  it('is the earlier one of a token and a client certificate', async () => {
    const pair = selfSigned();
    pair.remove();
    const late = {
      'client-certificate-data': Buffer.from(pair.cert).toString('base64'),
      token: jwt({ exp: 32_503_680_000 }),
    };
    expect(await endOf(late)).toBeNull();
    expect(await endOf(late, Date.now() + 7 * 86_400_000)).toMatchObject({ what: 'its client certificate' });
    expect(await endOf({ ...late, token: jwt({ exp: 1 }) })).toEqual({ what: 'its token', at: 1000 });
  });
});
