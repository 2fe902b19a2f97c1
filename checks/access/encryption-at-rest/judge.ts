/** Whether Secrets are stored encrypted, by declaration and by what the API server counts; and whether volumes are. */
import type { KubeObject } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { table } from '../../kit/evidence.ts';
import { objectSubject, type Refusal, type Say } from '../../kit/kind.ts';

export const messages = {
  plain: {
    says: '{subject}: writes Secrets {how}, expected a provider that encrypts.',
    fix: 'Name aesgcm, secretbox or kms v2 first for the resource secrets, restart each API server, then write every Secret again.',
  },
  writtenPlain: {
    says: '{subject}: has written {count} Secrets unencrypted since it started, expected none.',
    fix: 'Start the API server with the EncryptionConfiguration (--encryption-provider-config), and write every Secret again.',
  },
  storedPlain: {
    says: '{subject}: has found {count} Secrets unencrypted in its store, expected none.',
    fix: 'Write every Secret again (kubectl get secrets -A -o json | kubectl replace -f -): only what is written is encrypted.',
  },
  volumePlain: {
    says: '{subject}: its storage class {storageClass} ({driver}) does not encrypt, expected volumes that are encrypted.',
    fix: 'Make a class that encrypts (encrypted: "true" for ebs.csi.aws.com) and move the data; a class cannot be changed.',
  },
} as const;
type Saying = Say<typeof messages>;

/** A file as it was read. */
export interface Facts {
  readonly file: string;
  /** Null where it could not be read, undefined where it is not what it should be. */
  readonly value: unknown;
  readonly refusal: Refusal | null;
}
interface Params {
  readonly provider?: { readonly name: 'eks' | 'gke' | 'aks' } | undefined;
  readonly encryptedDrivers: readonly { readonly driver: string }[];
}
interface Seen {
  readonly configuration: Facts | null;
  readonly facts: Facts | null;
  readonly counters: {
    readonly status: number;
    readonly lines: readonly string[];
    readonly refusal: Refusal | null;
  } | null;
  readonly claims: readonly KubeObject[];
  readonly classes: readonly KubeObject[];
}

export function judge(params: Params, seen: Seen, say: Saying): void {
  if (seen.configuration) judgeConfiguration(seen.configuration, say);
  if (seen.facts && params.provider) judgeCloud(params.provider.name, seen.facts, say);
  if (seen.counters) judgeCounters(seen.counters, say);
  judgeVolumes(params, seen, say);
}

/** Entries for `secrets` of the core group: by name, or by one of the wildcards that Kubernetes knows since 1.27. */
const MEANS_SECRETS = ['secrets', '*.', '*.*'];
const ENCRYPTS = ['aescbc', 'aesgcm', 'secretbox', 'kms'];

function judgeConfiguration({ file, value, refusal }: Facts, say: Saying): void {
  const subject = `EncryptionConfiguration ${file}`;
  say.judged(subject);
  if (refusal) return say.refused(refusal, subject);
  if (textAt(value, '', 'kind') !== 'EncryptionConfiguration')
    return say.unknown(subject, 'anything: it is no EncryptionConfiguration');
  // The first entry that means them counts, and of it the first provider writes.
  const entry = listAt(value, 'resources').find((one) =>
    listAt(one, 'resources').some((name) => MEANS_SECRETS.includes(String(name))),
  );
  const [first] = listAt(entry, 'providers');
  const provider = Object.keys(first ?? {})[0];
  if (entry === undefined) say.fail('plain', subject, { how: 'as they are: no entry names them' });
  else if (provider === undefined || !ENCRYPTS.includes(provider))
    say.fail('plain', subject, { how: `by the provider ${provider ?? 'that it does not name'}` });
}

/** What each cloud's API says: true, false, or why that cannot be told. */
const CLOUDS = {
  eks: (facts: unknown): boolean | string => {
    const cluster = at(facts, 'cluster') ?? facts;
    const own = listAt(cluster, 'encryptionConfig').some((one) => listAt(one, 'resources').includes('secrets'));
    const minor = Number(/^1\.(\d+)/.exec(textAt(cluster, '', 'version'))?.[1]);
    // From 1.28 on all data of the API is encrypted with a key of AWS' own where no other is named.
    return own || (Number.isNaN(minor) ? 'its version' : minor >= 28);
  },
  gke: (facts: unknown): boolean | string => {
    const current = textAt(facts, '', 'databaseEncryption', 'currentState').replace('CURRENT_STATE_', '');
    const state = current === '' ? textAt(facts, '', 'databaseEncryption', 'state') : current;
    if (['ENCRYPTED', 'ALL_OBJECTS_ENCRYPTION_ENABLED'].includes(state)) return true;
    return state === 'DECRYPTED' ? false : `a state that is final (databaseEncryption says "${state}")`;
  },
  aks: (facts: unknown): boolean | string => {
    const profile = at(facts, 'securityProfile') ?? at(facts, 'properties', 'securityProfile');
    return at(profile, 'azureKeyVaultKms', 'enabled') === true;
  },
} as const;

function judgeCloud(name: keyof typeof CLOUDS, { file, value, refusal }: Facts, say: Saying): void {
  const subject = `Control plane by ${file}`;
  say.judged(subject);
  if (refusal) return say.refused(refusal, subject);
  if (typeof value !== 'object' || value === null) return say.unknown(subject, 'anything: it is no JSON object');
  const answer = CLOUDS[name](value);
  if (typeof answer === 'string') say.unknown(subject, answer);
  else if (!answer) say.fail('plain', subject, { how: 'without a key for them, by the API of the cloud' });
}

const SAMPLE = /^apiserver_storage_transformation_operations_total\{(.*)\}\s+([0-9.e+]+)/;

/** Counters of k8s.io/apiserver/pkg/storage/value: writing plain has the prefix "", reading it "identity". */
function judgeCounters({ status, lines, refusal }: NonNullable<Seen['counters']>, say: Saying): void {
  const subject = 'API server';
  say.judged(subject);
  if (refusal) return say.refused(refusal, subject);
  const samples = lines.flatMap((line) => {
    const [, labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    const label = (name: string): string => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
    const isOf = label('resource') === 'secrets' && label('status') === 'OK';
    return isOf
      ? [{ type: label('transformation_type'), prefix: label('transformer_prefix'), count: Number(value) }]
      : [];
  });
  const countOf = (type: string, prefixes: readonly string[]): number =>
    samples
      .filter((one) => one.type === type && prefixes.includes(one.prefix))
      .reduce((sum, { count }) => sum + count, 0);
  const plain = { written: countOf('to_storage', ['', 'identity']), found: countOf('from_storage', ['', 'identity']) };
  if (plain.written > 0) say.fail('writtenPlain', subject, { count: plain.written });
  if (plain.found > 0) say.fail('storedPlain', subject, { count: plain.found });
  if (samples.length === 0)
    say.unknown(subject, `how it stores Secrets (GET /metrics answered ${status}, without a counter of them)`);
  say.show(
    table(
      'How the API server stores Secrets',
      ['direction', 'prefix', 'count'],
      samples.map(({ type, prefix, count }) => [type, prefix, count]),
    ),
  );
}

/** Drivers that encrypt whatever a class says. */
const ALWAYS = ['pd.csi.storage.gke.io', 'disk.csi.azure.com', 'file.csi.azure.com', 'filestore.csi.storage.gke.io'];
const EBS = 'ebs.csi.aws.com';
const DEFAULT_CLASS = 'storageclass.kubernetes.io/is-default-class';

function judgeVolumes({ encryptedDrivers }: Params, { claims, classes }: Seen, say: Saying): void {
  const byDefault = classes.find(({ metadata }) => metadata.annotations?.[DEFAULT_CLASS] === 'true')?.metadata.name;
  for (const claim of claims) {
    const subject = objectSubject('PersistentVolumeClaim', claim.metadata);
    say.judged(subject);
    const name = textAt(claim, byDefault ?? '', 'spec', 'storageClassName');
    const found = classes.find(({ metadata }) => metadata.name === name);
    const driver = textAt(found, '', 'provisioner');
    const answer = encrypts(found, driver, encryptedDrivers);
    if (answer === false) say.fail('volumePlain', subject, { storageClass: name, driver });
    else if (answer === null)
      say.unknown(subject, `whether its volume is encrypted (class "${name}", driver "${driver}")`);
  }
}

/** Null where only who runs the driver knows. */
function encrypts(found: KubeObject | undefined, driver: string, declared: Params['encryptedDrivers']): boolean | null {
  if (declared.some((one) => one.driver === driver) || ALWAYS.includes(driver)) return true;
  if (driver !== EBS) return null;
  const entries = Object.entries(at(found, 'parameters') ?? {});
  const value = entries.find(([name]) => name.toLowerCase() === 'encrypted')?.[1] as unknown;
  // The driver compares with this very text; without it the account's default decides, which is off unless somebody turned it on.
  return value === 'true';
}
