/** What the stand-in for a scanner looks at and finds. */
import type { BuiltImage } from '../registry/image-manifests.ts';

/** An image by what a scanner is told of it. */
export type ReleaseImageName = Pick<BuiltImage, 'repository' | 'tag' | 'digest'>;
export interface Advisory {
  readonly id: string;
  readonly package: string;
  readonly version: string;
  readonly fixedIn: string;
  readonly severity: 'CRITICAL' | 'HIGH' | 'MEDIUM' | 'LOW';
}
/** One scan of one image. */
export interface ScanOf {
  readonly image: ReleaseImageName;
  readonly advisories: readonly Advisory[];
  /** RFC 3339. */
  readonly at: string;
}
/** Whose container it is: a ReplicaSet, or a pod that nobody made. */
export interface ScannedContainer {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly container: string;
}
