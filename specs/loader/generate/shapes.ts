/** Shapes that many schemas share. The schemas state each once, in `$defs`, and the catalogue describes it once. */
import * as notify from '../../../checks/contract/notify-schemas.ts';
import * as shared from '../../../checks/contract/param-schemas.ts';
import { mapInner, shapeKey, without, type Schema } from './json-schema.ts';

/** By name; the description is the one of the catalogue. Whatever a kind declares in the same words is the same shape. */
export const PARAM_SHAPES: Readonly<Record<string, Schema>> = {
  channels: notify.channelsSchema,
  contacts: notify.contactsSchema,
  incident: notify.incidentSchema,
  baseUrl: shared.endpoint.properties.url,
  credential: shared.credential,
  duration: shared.duration('A number and a unit without a space: 500ms, 30s, 5m, 2h, 30d.', '0s'),
  endpoint: shared.endpoint,
  exemptions: shared.exemptions,
  kubernetesName: shared.kubernetesName('A name as Kubernetes gives objects.'),
  namespaceList: shared.namespaceList,
  port: { ...shared.servicePort.port, description: 'A TCP port.' },
  redisStore: shared.redisStore,
  registry: shared.registry,
  secretRef: shared.secretRef,
  store: shared.store,
  tls: shared.store.properties.tls,
};

/** Names of shapes by what they accept. */
export function shapeNames(shapes: Readonly<Record<string, Schema>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(shapes).map(([name, schema]) => [shapeKey(schema), name]));
}

/** `$defs` for `shapes`, and how to refer to them from any other schema. */
export function defineShapes(shapes: Readonly<Record<string, Schema>>): {
  readonly $defs: Schema;
  readonly refer: (schema: Schema) => Schema;
} {
  const names = shapeNames(shapes);
  const refer = (schema: Schema): Schema => {
    const name = names.get(shapeKey(schema));
    if (name === undefined) return mapInner(schema, refer);
    const { description, default: byDefault } = schema;
    // Annotations only: draft-07 ignores every other keyword beside a reference.
    return {
      ...(description === undefined || description === shapes[name]?.['description'] ? {} : { description }),
      ...(byDefault === undefined ? {} : { default: byDefault }),
      $ref: `#/$defs/${name}`,
    };
  };
  const $defs = Object.fromEntries(
    Object.entries(shapes).map(([name, schema]) => [name, mapInner(without(schema, 'default'), refer)]),
  );
  return { $defs, refer };
}
