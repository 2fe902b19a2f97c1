/** How Flyway names and checks migrations (its ChecksumCalculator and MigrationInfo). */
import { crc32 } from 'node:zlib';

/** CRC-32 over the lines, without their ends and without a byte order mark, as a signed number of 32 bits. */
export function flywayChecksum(sql: string): number {
  const lines = sql.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/);
  return lines.reduce((sum, line) => crc32(line, sum), 0) | 0;
}

/** The table that Flyway keeps its history in, unless it was told another. */
export const FLYWAY_TABLE = 'flyway_schema_history';
