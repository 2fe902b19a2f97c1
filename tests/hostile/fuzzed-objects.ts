/** Objects of Kubernetes that are not what their schema promises, as the kinds judge them, for fuzzing. */
import { join } from 'node:path';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import { isRecord } from '../../checks/contract/json.ts';
import { kinds } from '../../checks/index.ts';
import { readCases } from '../../checks/kit/cases-file.ts';
import { validateParams } from '../../checks/kit/params.ts';
import { mutatedJson, randomOf, SPEAKABLE, type Random, type Target } from './mutations.ts';

const CHECKS = join(import.meta.dirname, '..', '..', 'checks');
const MEMBERS = ['apiVersion', 'spec', 'status', 'data', 'rules'];

function isObject(value: unknown): boolean {
  if (!isRecord(value) || !isRecord(value['metadata'])) return false;
  return typeof value['metadata']['name'] === 'string' && MEMBERS.some((member) => member in value);
}

function holdsObjects(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return isObject(value) || Object.values(value).some(holdsObjects);
}

/** Objects of the cluster in what a kind gathered, and only those: the rest is golive's own. Their names stay. */
function withMutatedObjects(value: unknown, random: Random): unknown {
  if (Array.isArray(value)) return value.map((member: unknown) => withMutatedObjects(member, random));
  if (!isRecord(value)) return value;
  const metadata = value['metadata'];
  if (!isObject(value) || !isRecord(metadata))
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, withMutatedObjects(member, random)]),
    );
  const mutated = mutatedJson(value, random, SPEAKABLE);
  if (!isRecord(mutated)) return value;
  const { name, namespace } = metadata;
  const named = { ...(isRecord(mutated['metadata']) ? mutated['metadata'] : {}), name };
  return { ...mutated, metadata: namespace === undefined ? named : { ...named, namespace } };
}

/** A kind answers whatever the API server says: a verdict or a refusal in words. */
export const objectTargets: Readonly<Record<string, Target>> = Object.fromEntries(
  [...kinds].flatMap(([name, kind]) => {
    const cases = readCases(join(CHECKS, name)).flatMap(({ params, gathered, now }) => {
      const valid = validateParams(kind, params);
      return valid.ok && holdsObjects(gathered) ? [{ params: valid.params, gathered, now }] : [];
    });
    if (cases.length === 0) return [];
    const target: Target = (seed) => {
      for (const { params, gathered, now } of cases) {
        const objects = withMutatedObjects(structuredClone(gathered), randomOf(seed));
        try {
          kind.judge(params, objects, { now: new Date(now ?? '2027-01-01T00:00:00Z') });
        } catch (error) {
          if (error instanceof ObservationError) continue;
          throw new Error(`seed ${seed} of ${name}: ${JSON.stringify(objects)}`, { cause: error });
        }
      }
      return Promise.resolve();
    };
    return [[name, target] as const];
  }),
);
