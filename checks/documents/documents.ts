/** Reading the documents of a release: from the project's files, with what they link to. */
import { dirname, join, normalize } from 'node:path/posix';
import type { ProjectFiles } from '../contract/capabilities.ts';
import { attempt, ObservationError } from '../kit/kind.ts';
import type { MarkdownDocument } from './markdown.ts';

/** A part of the web whose pages are files of the project: what its addresses lead to can be looked up. */
export interface Site {
  readonly url: string;
  readonly folder: string;
}
/** A link of a document, and what it leads to. */
export interface FoundLink {
  readonly to: string;
  readonly line: number;
  /** `elsewhere` leads out of the documents and was not asked. */
  readonly found: 'there' | 'no-file' | 'no-section' | 'elsewhere';
}
/** A document as it was read; null where there is none. */
export interface ReadDocument {
  readonly path: string;
  readonly document: (Omit<MarkdownDocument, 'links'> & { readonly links: readonly FoundLink[] }) | null;
}

/** Reads documents and looks up what they link to. Each file is read once. */
export class DocumentReader {
  readonly #files: ProjectFiles;
  readonly #sites: readonly Site[];
  readonly #read = new Map<string, Promise<MarkdownDocument | null>>();
  readonly #folders = new Map<string, Promise<readonly string[] | null>>();

  constructor(files: ProjectFiles, sites: readonly Site[] = []) {
    this.#files = files;
    this.#sites = sites;
  }

  /** Reads one with its links. Throws where it could not look; a file that does not exist is null. */
  async read(path: string): Promise<ReadDocument> {
    const document = await this.#markdown(path);
    if (!document) return { path, document };
    const links = document.links.map(async ({ to, line }) => ({ to, line, found: await this.#follow(path, to) }));
    return { path, document: { ...document, links: await Promise.all(links) } };
  }

  /** The file that an address of one of the sites is served from; null where it is no site's. `found` is false where there is no such file. */
  async resolve(address: string): Promise<{ path: string; fragment: string; found: boolean } | null> {
    const site = this.#sites.find(({ url }) => address === url || address.startsWith(url.replace(/\/?$/, '/')));
    if (!site) return null;
    const [page = '', fragment = ''] = address.slice(site.url.length).split('#');
    const below = decoded(page.replace(/\?.*$/, '').replace(/^\/|\/$/g, ''));
    const path = normalize(join(site.folder, below));
    const candidates = [path, `${path}.md`, join(path, 'README.md'), join(path, 'index.md')];
    for (const one of candidates)
      if (await this.#isFile(one)) return { path: one, fragment: decoded(fragment), found: true };
    return { path: `${path}.md`, fragment: decoded(fragment), found: false };
  }

  async #follow(from: string, to: string): Promise<FoundLink['found']> {
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(to)) {
      const page = await this.resolve(to);
      if (!page) return 'elsewhere';
      return page.found ? await this.#inside(page.path, page.fragment) : 'no-file';
    }
    const [file = '', fragment = ''] = to.split('#').map(decoded);
    const target = file === '' ? from : normalize(file.startsWith('/') ? file.slice(1) : join(dirname(from), file));
    if (await this.#isFile(target)) return await this.#inside(target, fragment);
    return (await this.#folder(target)) ? 'there' : 'no-file';
  }

  async #inside(path: string, fragment: string): Promise<FoundLink['found']> {
    if (fragment === '' || !path.endsWith('.md')) return 'there';
    const document = await this.#markdown(path);
    return document && hasAnchor(document, fragment) ? 'there' : 'no-section';
  }

  #markdown(path: string): Promise<MarkdownDocument | null> {
    const known = this.#read.get(path) ?? this.#readNew(path);
    this.#read.set(path, known);
    return known;
  }

  async #readNew(path: string): Promise<MarkdownDocument | null> {
    if (!(await this.#isFile(path))) return null;
    const [{ readMarkdown }, text] = await Promise.all([import('./markdown.ts'), this.#files.read(path)]);
    return readMarkdown(path, text);
  }

  async #isFile(path: string): Promise<boolean> {
    return (await this.#folder(dirname(path)))?.includes(normalize(path)) ?? false;
  }

  #folder(path: string): Promise<readonly string[] | null> {
    const known = this.#folders.get(path) ?? this.#list(path);
    this.#folders.set(path, known);
    return known;
  }

  /** Null where there is no such folder, and where it lies outside of the project: nothing is served from there. */
  async #list(path: string): Promise<readonly string[] | null> {
    const { seen, refusal } = await attempt(() => this.#files.list(path));
    if (seen) return seen;
    if (refusal.code === 'not-found' || refusal.code === 'misconfigured') return null;
    throw new ObservationError(refusal.code, refusal.message);
  }
}

/** Whether a document has a section or a set anchor of this name; browsers fall back to no other spelling. */
export function hasAnchor({ sections, ids }: Pick<MarkdownDocument, 'sections' | 'ids'>, anchor: string): boolean {
  return ids.includes(anchor) || sections.some((one) => one.anchor === anchor);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
