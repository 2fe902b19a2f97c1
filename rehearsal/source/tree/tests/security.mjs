import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { issueToken, verifyToken } from '../services/typescript-api/src/token.mjs';
import { withServices } from './running.mjs';

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const NOW = 1000;
const token = issueToken('anna', 'a key', 60, NOW);
const [header, payload, signature] = token.split('.');

describe('tokens of others', () => {
  it('refuses one that is not signed', () =>
    assert.equal(verifyToken(`${encode({ alg: 'none' })}.${payload}.`, 'a key', NOW), undefined));
  it('refuses one of another key', () => assert.equal(verifyToken(token, 'another key', NOW), undefined));
  it('refuses changed claims', () =>
    assert.equal(
      verifyToken(`${header}.${encode({ sub: 'admin', exp: NOW + 60 })}.${signature}`, 'a key', NOW),
      undefined,
    ));
  it('refuses what is no token', () => {
    for (const text of ['', '.', '..', 'a.b.c.d', 'é']) assert.equal(verifyToken(text, 'a key', NOW), undefined);
  });
});

describe('requests of strangers', () => {
  it('answers 401 without a token', () =>
    withServices(async ({ predict }) => assert.equal((await predict([1, 2, 3, 4], '')).status, 401)));
  it('answers 401 for a forged one', () =>
    withServices(async ({ predict }) => assert.equal((await predict([1, 2, 3, 4], `Bearer ${token}`)).status, 401)));
});
