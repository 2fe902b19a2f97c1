/** The capability `secrets`, as types only, and how a secret is named. A value is resolved inside a capability and never leaves it. */

/** Where a secret's value comes from. The value itself is resolved inside a capability and never returned by one. */
export type SecretRef =
  | { readonly from: 'env'; readonly name: string }
  | { readonly from: 'file'; readonly path: string; readonly key?: string }
  | {
      readonly from: 'kubernetes-secret';
      readonly namespace: string;
      readonly name: string;
      readonly key: string;
    };

/** The credential that a Secret with `.dockerconfigjson` (or `.dockercfg`) holds for an image, as the kubelet would find it there. */
export interface PullSecretRef {
  readonly from: 'pull-secret';
  readonly namespace: string;
  readonly name: string;
  /** Host and path, without tag: `registry.shop.test/shop/api`. */
  readonly image: string;
}

/** What may be said of a Secret's key without saying its value. */
export interface SecretKeyFacts {
  readonly key: string;
  readonly bytes: number;
  readonly empty: boolean;
  /** The value is a placeholder such as `changeme` or `<base64-encoded-…>`; which rule said so. */
  readonly placeholder: string | null;
  /** Of `.dockerconfigjson` and `.dockercfg`: what it holds a credential for, as the kubelet reads it: hosts, some with a path or `*`. */
  readonly registries?: readonly string[];
}
/** Reads Secrets by name; the values never leave it. */
export interface SecretReader {
  /** The keys of one Secret, or null when it does not exist. Throws `forbidden` when the gate may not read it. */
  facts(namespace: string, name: string): Promise<readonly SecretKeyFacts[] | null>;
}
