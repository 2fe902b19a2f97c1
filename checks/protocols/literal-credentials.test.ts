import { describe, expect, it } from 'vitest';
import { growth } from '../../tests/harness/growth.ts';
import { credentialIn } from './credential-text.ts';
import { literalsInConfigMap, literalsInPod } from './literal-credentials.ts';

function rulesInEnv(name: string, value: string): string[] {
  return literalsInPod({ containers: [{ name: 'app', env: [{ name, value }] }] }, 'spec').map(({ rule }) => rule);
}
const jwt = `eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJzaG9wIn0.${'a'.repeat(43)}`;

describe('environment variables', () => {
  it.each([
    ['DB_PASSWORD', 'hunter2'],
    ['STRIPE_API_KEY', 'sk_live_4711'],
    ['JWT_SECRET', '<base64-encoded-jwt-secret>'],
    ['ENCRYPTION_KEY', 'c2VjcmV0LXNlY3JldA=='],
    ['SESSION_TOKEN', 'changeme'],
    ['PGPASSWORD', 'hunter2'],
    ['DB_PASS', 'hunter2'],
    ['MYSQL_PWD', 'hunter2'],
  ])('%s with a literal value is found', (name, value) => {
    expect(rulesInEnv(name, value)).toEqual(['named like a secret']);
  });

  it.each([
    ['DB_PASSWORD', '$(DB_PASSWORD_FROM_SECRET)'],
    ['DB_PASSWORD_FILE', '/run/secrets/db'],
    ['DB_PASSWORD', '/run/secrets/db'],
    ['DB_PASSWORD', ''],
    ['TOKEN_TTL', '15m'],
    ['PWD', 'srv-app'],
    ['BYPASS', 'cdn-only'],
    ['MAX_TOKENS', '4096'],
    ['AUTH_TOKEN', 'true'],
    ['PARTITION_KEY', 'customer'],
    ['VAULT_TOKEN', 'https://vault.shop/v1'],
    ['HOSTNAME', 'keymaster'],
    ['DATABASE_URL', 'postgres://db.shop:5432/shop'],
    ['DATABASE_URL', 'postgres://shop:$(DB_PASSWORD)@db.shop:5432/shop'],
  ])('%s=%s is no literal credential', (name, value) => {
    expect(rulesInEnv(name, value)).toEqual([]);
  });

  it.each([
    ['postgres://shop:hunter2@db.shop/shop', 'URL with a password'],
    ['redis://:hunter2@cache:6379', 'URL with a password'],
    [jwt, 'JSON Web Token'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE', 'private key'],
    ['AKIAABCDEFGHIJKLMNOP', 'AWS access key'],
  ])('a value that is a credential is found whatever it is called', (value, rule) => {
    expect(rulesInEnv('SETTING', value)).toEqual([rule]);
  });

  it('says the place and never the value', () => {
    const [literal] = literalsInPod(
      { containers: [], initContainers: [{ name: 'm', env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] }] },
      'spec.template.spec',
    );
    expect(literal).toEqual({
      place: 'spec.template.spec.initContainers[0].env[0] (DB_PASSWORD)',
      rule: 'named like a secret',
    });
  });
});

describe('arguments', () => {
  it.each([
    [['--token=abcdef123']],
    [['--requirepass', 'hunter2']],
    [['--db-password', 'hunter2']],
    [['sh', '-c', `curl ${jwt}`]],
  ])('%j is found', (args) => {
    expect(literalsInPod({ containers: [{ name: 'app', args }] }, 'spec')).toHaveLength(1);
  });

  it.each([[['--token', '--verbose']], [['--token=$(TOKEN)']], [['--token-file=/run/token']], [['--port', '3000']]])(
    '%j is none',
    (args) => {
      expect(literalsInPod({ containers: [{ name: 'app', args }] }, 'spec')).toEqual([]);
    },
  );
});

describe('ConfigMaps', () => {
  it('finds settings line by line', () => {
    const data = {
      'app.yaml': 'db:\n  host: db.shop\n  password: hunter2\n  passwordFile: /run/db\n',
      'app.json': '{\n  "clientSecret": "abc123",\n  "tokenUrl": "https://id.shop/token"\n}\n',
      API_TOKEN: 'abcdef',
    };
    expect(literalsInConfigMap(data).map(({ place }) => place)).toEqual([
      'data["app.yaml"] line 3',
      'data["app.json"] line 2',
      'data["API_TOKEN"]',
    ]);
  });

  it('leaves certificates, references and empty settings alone', () => {
    const data = {
      'ca.crt': '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n',
      'app.env': 'DB_PASSWORD=\nDB_PASSWORD=${DB_PASSWORD}\nTOKEN_URL=https://id.shop\n# password: old\n',
    };
    expect(literalsInConfigMap(data)).toEqual([]);
  });
});

describe('a mebibyte in one line', () => {
  it.each(['-', 'a-', 'a://', 'a://b:', 'eyJ-', 'eyJabcdefgh.', ' ', '-----BEGIN A ', 'token ', '="'])(
    'of %j takes eight times as long as an eighth of it, not the square',
    (piece) => {
      const look = (length: number): void => {
        const pieces = Math.floor(length / piece.length);
        literalsInConfigMap({ key: piece.repeat(pieces), other: `\n${piece.repeat(Math.floor(length / 5))}` });
      };
      expect(growth(look, 125_000, 8)).toBeLessThan(24);
    },
  );
});

describe('random-looking values', () => {
  const RANDOM = 'kGh7Lq2mVx91Zt3RpW8sYc4N';
  it('are found whatever they are called, and only where they stand by themselves', () => {
    expect(rulesInEnv('UPSTREAM', RANDOM)).toEqual(['random-looking value']);
    expect(literalsInConfigMap({ upstream: RANDOM })).toEqual([
      { place: 'data["upstream"]', rule: 'random-looking value' },
    ]);
    expect(literalsInConfigMap({ 'ca.crt': `-----BEGIN CERTIFICATE-----\n${RANDOM}\n` })).toEqual([]);
  });

  it.each([
    ['a digest', 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
    ['a commit', '4c0de5eed1f2a3b4c5d6e7f8091a2b3c4d5e6f70'],
    ['a UUID', '0B7E1C1A-4B3F-4E64-9A3F-1D6B6B1C2D3E'],
    ['a Service', 'mcp-learning-system-service.mcp-production.svc:8001'],
    ['words', 'TheQuickBrownFoxJumpsOverTheLazyDog'],
    ['a certificate', 'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCk1JSUJ4VENDQVd1'],
    ['a path', '/Var/Lib/App1/Data2/Cache3/Zone4/Blob5'],
    ['a list of Java options', '-Xmx512m -XX:MaxRAMPercentage=75 -Dfile.encoding=UTF8'],
  ])('are not %s', (_, value) => {
    expect(rulesInEnv('SETTING', value)).toEqual([]);
  });
});

describe('redis.conf in a ConfigMap', () => {
  it.each([
    ['requirepass hunter2'],
    ['masterauth "hunter2"'],
    ['user api on ~* +@all >hunter2'],
    ['user api >hunter2'],
  ])('%j is found', (line) => {
    const found = literalsInConfigMap({ 'redis.conf': `port 6379\n${line}\n` });
    expect(found).toEqual([{ place: 'data["redis.conf"] line 2', rule: 'password of Redis' }]);
  });

  it.each([
    ['requirepass $(REDIS_PASSWORD)'],
    ['# requirepass foobared'],
    ['aclfile /etc/redis/users.acl'],
    ['user default off'],
  ])('%j is none', (line) => {
    expect(literalsInConfigMap({ 'redis.conf': `port 6379\n${line}\n` })).toEqual([]);
  });
});

it('finds a credential in any text of a value', () => {
  expect(credentialIn({ args: ['serve', '--port=3000'], env: [{ name: 'LOG_LEVEL', value: 'info' }] })).toBe(null);
  expect(credentialIn({ args: ['serve', '--token=abcdef123'] })).toBe('setting named like a secret');
  expect(credentialIn({ env: [{ name: 'DB_PASSWORD', value: 'hunter2' }] })).toBe('named like a secret');
  expect(credentialIn({ env: [{ name: 'x', value: 'redis://:hunter2@cache:6379' }] })).toBe('URL with a password');
  expect(credentialIn('level: info\npassword: hunter2')).toBe('setting named like a secret');
  expect(credentialIn(7)).toBe(null);
});
