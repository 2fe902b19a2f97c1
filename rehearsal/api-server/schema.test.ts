/** The field table against the client's models; and what decoding says of wrong types and of unknown and duplicate fields. */
import * as client from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { KINDS, kindByType } from './kinds.ts';
import { decodeAs, duplicateFields } from '../../k8s/semantics/objects/decode.ts';

interface Attribute {
  readonly baseName: string;
  readonly type: string;
  readonly format: string;
}
/** Fields that hold a quantity; the models call them strings. `value` is one in a metric alone. */
const QUANTITIES =
  /^(?:allocatable|allocatedResources|averageValue|capacity|default|defaultRequest|divisor|hard|limits|max|maxLimitRequestRatio|min|overhead|podFixed|requests|sizeLimit|tolerance|used)$/;
const NAMES: Readonly<Record<string, string>> = {
  Date: 'time',
  V1MicroTime: 'time',
  IntOrString: 'intOrString',
  object: 'any',
  RawExtension: 'any',
};

function encoded(owner: string, { baseName, type, format }: Attribute): string {
  const list = /^Array<(.*)>$/.exec(type)?.[1];
  if (list !== undefined) return `[${encoded(owner, { baseName, type: list, format })}`;
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1];
  if (map !== undefined) return `{${encoded(owner, { baseName, type: map, format })}`;
  const isQuantity = QUANTITIES.test(baseName) || (baseName === 'value' && owner.includes('Metric'));
  if (type === 'string' && isQuantity) return 'quantity';
  if (type === 'number' && format.startsWith('int')) return format;
  return NAMES[type] ?? type;
}

function tableOfModels(): Record<string, Record<string, string>> {
  const models = client as unknown as Record<string, { getAttributeTypeMap?(): readonly Attribute[] } | undefined>;
  const table: Record<string, Record<string, string>> = {};
  const add = (type: string): void => {
    const attributes = models[type]?.getAttributeTypeMap?.();
    if (table[type] || !attributes) return;
    const fields: Record<string, string> = {};
    table[type] = fields;
    for (const attribute of attributes) fields[attribute.baseName] = encoded(type, attribute);
    for (const field of Object.values(fields)) add(field.replace(/^[[{]+/, ''));
  };
  for (const { kind, version } of KINDS) add(kind === 'Event' ? 'CoreV1Event' : `${version.toUpperCase()}${kind}`);
  for (const other of ['V1Eviction', 'V1DeleteOptions']) add(other);
  return Object.fromEntries(Object.entries(table).sort(([left], [right]) => (left < right ? -1 : 1)));
}

describe('decoding', () => {
  it('knows the fields of the client’s models', async () => {
    await expect(`${JSON.stringify(tableOfModels(), null, 1)}\n`).toMatchFileSnapshot(
      '../../k8s/semantics/objects/fields.json',
    );
  });

  const decode = (apiVersion: string, kind: string, object: Record<string, unknown>) => {
    const found = kindByType(apiVersion, kind);
    if (!found) throw new Error(`${kind} is not served`);
    return decodeAs(found, object);
  };

  it('names unknown fields and drops them', () => {
    const container = { name: 'c', livenesProbe: {} };
    const { value, unknown } = decode('apps/v1', 'Deployment', {
      spec: { replica: 3, template: { spec: { containers: [container] } } },
    });
    expect(unknown).toEqual(['spec.replica', 'spec.template.spec.containers[0].livenesProbe']);
    expect(value).toEqual({ spec: { template: { spec: { containers: [{ name: 'c' }] } } } });
  });

  it.each([
    [
      'v1',
      'Pod',
      { spec: { containers: {} } },
      'json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container',
    ],
    [
      'v1',
      'Pod',
      { spec: { containers: [{ ports: [{ containerPort: '80' }] }] } },
      'json: cannot unmarshal string into Go struct field ContainerPort.spec.containers.ports.containerPort of type int32',
    ],
    [
      'v1',
      'Pod',
      { spec: { hostNetwork: 'yes' } },
      'json: cannot unmarshal string into Go struct field PodSpec.spec.hostNetwork of type bool',
    ],
    [
      'apps/v1',
      'Deployment',
      { spec: { replicas: 1.5 } },
      'json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32',
    ],
    [
      'v1',
      'ConfigMap',
      { data: { a: 1 } },
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ],
    [
      'v1',
      'Pod',
      { spec: { containers: [{ resources: { limits: { cpu: '1GB' } } }] } },
      "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
    ],
    [
      'v1',
      'Pod',
      { spec: { containers: [{ resources: { limits: { cpu: '1K' } } }] } },
      "unable to parse quantity's suffix",
    ],
    [
      'gateway.networking.k8s.io/v1',
      'Gateway',
      { metadata: [] },
      'json: cannot unmarshal array into Go struct field Gateway.metadata of type v1.ObjectMeta',
    ],
  ])('%s %s %j', (apiVersion, kind, object, problem) => {
    expect(decode(apiVersion, kind, object).problem).toBe(problem);
  });

  it.each([{ cpu: 2 }, { cpu: '1.5' }, { memory: '2Gi' }, { memory: '1e3' }, { cpu: '100m' }])('takes %j', (limits) => {
    expect(decode('v1', 'Pod', { spec: { containers: [{ resources: { limits } }] } }).problem).toBeNull();
  });

  it('leaves a custom resource as it is', () => {
    const route = { metadata: { name: 'r' }, spec: { anything: [1] }, more: true };
    expect(decode('gateway.networking.k8s.io/v1', 'HTTPRoute', route)).toEqual({
      value: route,
      unknown: [],
      problem: null,
    });
  });

  it('sees fields given twice', () => {
    const json = '{"spec":{"replicas":1,"a":[{"x":"{\\"","x":2}],"replicas":2},"b":{"spec":1}}';
    expect(duplicateFields(json)).toEqual(['spec.a[0].x', 'spec.replicas']);
  });
});
