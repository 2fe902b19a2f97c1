/** A manifest laid over the live object: what stays is what no manifest names. For what cannot be tried by a dry run. */
import { isRecord } from '../../contract/json.ts';

/** `${DOMAIN}` in a template stands for any text that somebody put in. */
const HOLE = /\$\{\w+\}/;

export function overlaid(live: unknown, wanted: unknown): unknown {
  if (typeof wanted === 'string' && HOLE.test(wanted)) return fits(live, wanted) ? live : wanted;
  if (isRecord(live) && isRecord(wanted))
    return {
      ...live,
      ...Object.fromEntries(Object.entries(wanted).map(([name, value]) => [name, overlaid(live[name], value)])),
    };
  if (Array.isArray(live) && Array.isArray(wanted) && live.length === wanted.length)
    return wanted.map((member: unknown, index) => overlaid(live[index], member));
  return wanted;
}

function fits(live: unknown, template: string): boolean {
  if (typeof live !== 'string' && typeof live !== 'number') return false;
  const literal = template.split(/\$\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${literal.join('.{0,1000}')}$`, 's').test(String(live));
}
