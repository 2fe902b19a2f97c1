/** What validation finds, field by field, and the forms of names that many fields share (k8s.io/apimachinery/pkg/util/validation). */
import { isRecord, record, type Json } from './object.ts';
import type { FieldProblem } from './status.ts';

const DNS_LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const DNS_SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/;
const LABEL_RULE =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an " +
  "alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const SUBDOMAIN_RULE =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end " +
  "with an alphanumeric character (e.g. 'example.com', regex used for validation is " +
  "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const KEY_RULE =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character " +
  "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const VALUE_RULE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an " +
  "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const ANNOTATIONS_LIMIT = 256 * 1024;

/** Collects what is wrong with an object. */
export class Problems {
  readonly list: FieldProblem[] = [];
  required(field: string, why?: string): void {
    this.list.push({ field, reason: 'FieldValueRequired', message: why ? `Required value: ${why}` : 'Required value' });
  }
  invalid(field: string, value: unknown, why: string): void {
    this.list.push({ field, reason: 'FieldValueInvalid', message: `Invalid value: ${JSON.stringify(value)}: ${why}` });
  }
  unsupported(field: string, value: unknown, supported: readonly string[]): void {
    const message = `Unsupported value: ${JSON.stringify(value)}: supported values: ${supported.map((one) => `"${one}"`).join(', ')}`;
    this.list.push({ field, reason: 'FieldValueNotSupported', message });
  }
  forbidden(field: string, why: string): void {
    this.list.push({ field, reason: 'FieldValueForbidden', message: `Forbidden: ${why}` });
  }
  duplicate(field: string, value: unknown): void {
    this.list.push({ field, reason: 'FieldValueDuplicate', message: `Duplicate value: ${JSON.stringify(value)}` });
  }

  /** A value out of a list; absent is fine. */
  oneOf(field: string, value: unknown, supported: readonly string[]): void {
    if (value !== undefined && !supported.some((one) => one === value)) this.unsupported(field, value, supported);
  }
  /** A name as a lowercase DNS label of at most 63 characters; an absent one is required. */
  label(field: string, value: unknown): void {
    if (typeof value !== 'string' || value === '') this.required(field);
    else if (value.length > 63) this.invalid(field, value, 'must be no more than 63 characters');
    else if (!DNS_LABEL.test(value)) this.invalid(field, value, LABEL_RULE);
  }
  /** A name as dotted labels; absent is fine. */
  subdomain(field: string, value: unknown): void {
    if (typeof value !== 'string' || value === '') return;
    if (value.length > 253) this.invalid(field, value, 'must be no more than 253 characters');
    else if (!DNS_SUBDOMAIN.test(value)) this.invalid(field, value, SUBDOMAIN_RULE);
  }
  port(field: string, value: unknown): void {
    if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > 65_535)
      this.invalid(field, value ?? 0, 'must be between 1 and 65535, inclusive');
  }
  /** The name of a port: a service name of IANA. */
  portName(field: string, value: string): void {
    if (value.length > 15) this.invalid(field, value, 'must be no more than 15 characters');
    else if (!/^[a-z0-9-]+$/.test(value))
      this.invalid(field, value, 'must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)');
    else if (!/[a-z]/.test(value)) this.invalid(field, value, 'must contain at least one letter (a-z)');
    else if (value.includes('--')) this.invalid(field, value, 'must not contain consecutive hyphens');
    else if (/^-|-$/.test(value)) this.invalid(field, value, 'must not begin or end with a hyphen');
  }
  /** A port by its number or by its name. */
  portReference(field: string, value: unknown): void {
    if (typeof value === 'string') this.portName(field, value);
    else this.port(field, value);
  }
  notNegative(field: string, value: unknown): void {
    if (typeof value === 'number' && value < 0) this.invalid(field, value, 'must be greater than or equal to 0');
  }
  /** A whole number above nothing, or a percentage; absent is fine. */
  amountOrPercent(field: string, value: unknown): void {
    if (typeof value === 'number') this.notNegative(field, value);
    else if (typeof value === 'string' && !/^\d+%$/.test(value))
      this.invalid(
        field,
        value,
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')",
      );
  }
  /** Members that may not be given twice; empty ones are passed over. */
  unique(values: readonly unknown[], fieldOf: (index: number) => string): void {
    const seen = new Set<unknown>();
    for (const [index, value] of values.entries()) {
      if (value === undefined || value === '') continue;
      if (seen.has(value)) this.duplicate(fieldOf(index), value);
      seen.add(value);
    }
  }
  /** `app.kubernetes.io/name`: what labels, annotations, taints and selectors are called. */
  qualifiedName(field: string, value: string): void {
    const slash = value.indexOf('/');
    const [prefix, name] = slash < 0 ? [undefined, value] : [value.slice(0, slash), value.slice(slash + 1)];
    if (name === '') this.invalid(field, value, 'name part must be non-empty');
    else if (name.length > 63) this.invalid(field, value, 'name part must be no more than 63 characters');
    else if (!/^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/.test(name)) this.invalid(field, value, KEY_RULE);
    if (prefix === '') this.invalid(field, value, 'prefix part must be non-empty');
    else if (prefix !== undefined && (prefix.length > 253 || !DNS_SUBDOMAIN.test(prefix)))
      this.invalid(field, value, `prefix part ${SUBDOMAIN_RULE}`);
  }
  labels(field: string, labels: unknown): void {
    for (const [key, value] of Object.entries(record(labels))) {
      this.qualifiedName(field, key);
      this.labelValue(field, value);
    }
  }
  labelValue(field: string, value: unknown): void {
    if (typeof value !== 'string') return;
    if (value.length > 63) this.invalid(field, value, 'must be no more than 63 characters');
    else if (!LABEL_VALUE.test(value)) this.invalid(field, value, VALUE_RULE);
  }
  annotations(field: string, annotations: unknown): void {
    let size = 0;
    for (const [key, value] of Object.entries(record(annotations))) {
      this.qualifiedName(field, key.toLowerCase());
      size += Buffer.byteLength(key) + Buffer.byteLength(String(value));
    }
    if (size > ANNOTATIONS_LIMIT)
      this.list.push({
        field,
        reason: 'FieldValueInvalid',
        message: `Too long: may not be more than ${ANNOTATIONS_LIMIT} bytes`,
      });
  }
  /** `{matchLabels, matchExpressions}`. Whether it selects as it should can be asked only when this found nothing. */
  labelSelector(field: string, selector: unknown): boolean {
    const before = this.list.length;
    if (!isRecord(selector)) return true;
    this.labels(`${field}.matchLabels`, selector['matchLabels']);
    const expressions: unknown[] = Array.isArray(selector['matchExpressions']) ? selector['matchExpressions'] : [];
    for (const [index, one] of expressions.entries())
      this.#expression(`${field}.matchExpressions[${index}]`, record(one));
    return this.list.length === before;
  }
  #expression(field: string, { key, operator, values }: Json): void {
    const count = Array.isArray(values) ? values.length : 0;
    if (operator === 'In' || operator === 'NotIn') {
      if (count === 0) this.required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'");
    } else if (operator === 'Exists' || operator === 'DoesNotExist') {
      if (count > 0)
        this.forbidden(`${field}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'");
    } else this.invalid(`${field}.operator`, operator ?? '', 'not a valid selector operator');
    this.qualifiedName(`${field}.key`, typeof key === 'string' ? key : '');
    if (Array.isArray(values))
      for (const [index, value] of values.entries()) this.labelValue(`${field}.values[${index}]`, value);
  }
}
