/**
 * Secrets as the store holds them: encrypted by the EncryptionConfiguration in the control plane's folder, as a kube-apiserver does with
 * `--encryption-provider-config`. The first provider writes; each object says by its prefix who can read it. The counters are those of
 * k8s.io/apiserver/pkg/storage/value/metrics.go.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import { SECRET, type Kind } from './kinds.ts';
import { isRecord, type ApiObject, type Json } from './object.ts';

const PREFIX = 'k8s:enc:aesgcm:v1:';
const KEY_NAME = 'rehearsal-1';
const ENVELOPE = 'sealed';
/** Of GCM, in bytes. */
const [IV, TAG] = [12, 16];

export type Provider = 'aesgcm' | 'identity';

/** What stands between the API and the store. */
export interface Transformer {
  toStorage(kind: Kind, object: ApiObject): ApiObject;
  fromStorage(kind: Kind, object: ApiObject): ApiObject;
}

export class SecretEncryption implements Transformer {
  readonly #file: string;
  readonly #key = randomBytes(32);
  readonly #counts = new Map<string, number>();
  #first: Provider = 'aesgcm';

  constructor(dir: string) {
    this.#file = join(dir, 'encryption.yaml');
    this.#write();
  }

  /** Which provider writes from now on; what is stored stays as it is. */
  use(provider: Provider): void {
    this.#first = provider;
    this.#write();
  }

  toStorage(kind: Kind, object: ApiObject): ApiObject {
    if (kind !== SECRET) return object;
    this.#count('to_storage', this.#first === 'identity' ? '' : PREFIX);
    if (this.#first === 'identity') return object;
    const { metadata, ...content } = object;
    const text = Buffer.from(JSON.stringify(content));
    // Equal contents must look alike: the store drops writes without effect.
    const iv = createHmac('sha256', this.#key).update(text).digest().subarray(0, IV);
    const cipher = createCipheriv('aes-256-gcm', this.#key, iv).setAAD(contextOf(object));
    const sealed = Buffer.concat([iv, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
    return { kind: kind.kind, metadata, [ENVELOPE]: `${PREFIX}${KEY_NAME}:${sealed.toString('base64')}` };
  }

  fromStorage(kind: Kind, stored: ApiObject): ApiObject {
    if (kind !== SECRET) return stored;
    const { [ENVELOPE]: sealed, ...object } = stored;
    const isSealed = typeof sealed === 'string' && sealed.startsWith(PREFIX);
    this.#count('from_storage', isSealed ? PREFIX : 'identity');
    if (!isSealed) return stored;
    const bytes = Buffer.from(sealed.slice(sealed.lastIndexOf(':') + 1), 'base64');
    const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, IV)).setAAD(contextOf(object));
    decipher.setAuthTag(bytes.subarray(-TAG));
    const text = Buffer.concat([decipher.update(bytes.subarray(IV, -TAG)), decipher.final()]).toString('utf8');
    const content: unknown = JSON.parse(text);
    return { ...object, ...(isRecord(content) ? content : {}) };
  }

  /** In the text format of Prometheus. */
  metrics(): string {
    const name = 'apiserver_storage_transformation_operations_total';
    const lines = [...this.#counts].map(([labels, count]) => `${name}{${labels}} ${count}`);
    return [`# HELP ${name} [ALPHA] Total number of transformations.`, `# TYPE ${name} counter`, ...lines, ''].join(
      '\n',
    );
  }

  #count(type: 'to_storage' | 'from_storage', prefix: string): void {
    const labels = `resource="secrets",status="OK",transformation_type="${type}",transformer_prefix="${prefix}"`;
    this.#counts.set(labels, (this.#counts.get(labels) ?? 0) + 1);
  }

  /** JSON is YAML. The file is as private as its folder: it holds the key. */
  #write(): void {
    const aesgcm = { aesgcm: { keys: [{ name: KEY_NAME, secret: this.#key.toString('base64') }] } };
    const identity = { identity: {} };
    const providers: readonly Json[] = this.#first === 'aesgcm' ? [aesgcm, identity] : [identity, aesgcm];
    const configuration = {
      apiVersion: 'apiserver.config.k8s.io/v1',
      kind: 'EncryptionConfiguration',
      resources: [{ resources: ['secrets'], providers }],
    };
    writeAtomically(this.#file, JSON.stringify(configuration, null, 1));
  }
}

/** Whose content it is: one Secret's must not be read as another's. */
function contextOf({ metadata }: ApiObject): Buffer {
  return Buffer.from(`/registry/secrets/${metadata.namespace ?? ''}/${metadata.name ?? ''}`);
}
