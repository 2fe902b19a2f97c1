/** When the content of a ConfigMap or Secret was written, by its metadata alone. */
import { at, isRecord, listAt, textAt } from '../contract/json.ts';
import type { KubeObject } from '../contract/cluster.ts';

/** The newest manager of the data; of an object whose managers nobody keeps, when it was made: then it may have been changed since. */
export function writtenAt({
  metadata,
}: Pick<KubeObject, 'metadata'>): { readonly at: string; readonly isContent: boolean } | undefined {
  const times = listAt(metadata, 'managedFields')
    .filter((entry) => isRecord(at(entry, 'fieldsV1')) && ownsData(at(entry, 'fieldsV1')))
    .map((entry) => textAt(entry, '', 'time'))
    .filter((time) => !Number.isNaN(Date.parse(time)))
    .sort((a, b) => Date.parse(a) - Date.parse(b));
  const newest = times.at(-1);
  if (newest !== undefined) return { at: newest, isContent: true };
  const { creationTimestamp } = metadata;
  return creationTimestamp === undefined ? undefined : { at: creationTimestamp, isContent: false };
}
const ownsData = (fields: unknown): boolean =>
  ['f:data', 'f:stringData', 'f:binaryData'].some((name) => at(fields, name) !== undefined);
