/** For tests: whether a secret stands anywhere in what a run leaves behind, also where it is encoded or packed. */
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { inflateRawSync } from 'node:zlib';

/** Where any of `secrets` stands in the files below `folder`: `path: which secret`. */
export function findSecrets(folder: string, secrets: Readonly<Record<string, string>>): readonly string[] {
  return filesBelow(folder).flatMap((file) => {
    const texts = textsOf(readFileSync(file));
    return namesIn(texts, secrets).map((name) => `${relative(folder, file)}: ${name}`);
  });
}

/** Names of the secrets that stand in one of the texts, as they are or in base64. */
export function namesIn(texts: readonly string[], secrets: Readonly<Record<string, string>>): readonly string[] {
  const shapes = Object.entries(secrets).map(([name, value]) => [name, shapesOf(value)] as const);
  return shapes
    .filter(([, values]) => texts.some((text) => values.some((v) => text.includes(v))))
    .map(([name]) => name);
}

/** A value as it is, and what is left of it in base64 wherever in a text it began. */
function shapesOf(value: string): readonly string[] {
  const shifted = [0, 1, 2].map((shift) => {
    const encoded = Buffer.from(`${' '.repeat(shift)}${value}`)
      .toString('base64')
      .replace(/=+$/, '');
    return encoded.slice(shift === 0 ? 0 : 4, -2);
  });
  return [value, ...shifted];
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** A file's text, and the texts packed in it: Playwright's report is a page that holds a zip archive in base64. */
function textsOf(content: Buffer): readonly string[] {
  const text = content.toString('latin1');
  const packed = [...text.matchAll(/data:application\/zip;base64,([A-Za-z0-9+/=]+)/g)];
  const archives = packed.map(([, base64 = '']) => Buffer.from(base64, 'base64'));
  return [text, ...[content, ...archives].flatMap(unzip)];
}

/** Contents of a zip archive's entries, none when it is no archive. Reads the central directory: sizes stand there only. */
function unzip(archive: Buffer): readonly string[] {
  if (archive.subarray(0, 4).toString('latin1') !== 'PK\x03\x04') return [];
  const contents: string[] = [];
  for (let at = archive.indexOf('PK\x01\x02'); at >= 0; at = archive.indexOf('PK\x01\x02', at + 46)) {
    const [method, size, local] = [
      archive.readUInt16LE(at + 10),
      archive.readUInt32LE(at + 20),
      archive.readUInt32LE(at + 42),
    ];
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const data = archive.subarray(start, start + size);
    contents.push((method === 8 ? inflateRawSync(data) : data).toString('latin1'));
  }
  if (contents.length === 0) throw new Error('a zip archive without a directory');
  return contents;
}
