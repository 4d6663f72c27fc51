// SPDX-License-Identifier: Apache-2.0
// agreement.mjs JUDGE: what Hubward says of signed requests, beside an independent reading of the same rules
// (independent.mjs), and beside HubSpot's official SDK wherever that follows HubSpot's documentation. 2,000 requests by
// chance and every vector; HUBWARD_LONG=1: 100,000. HUBWARD_SEED begins elsewhere.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { digest, documentedUrl, judge, signature } from './independent.mjs';
import { NOW, chances, randomRequest } from './random_requests.mjs';

const { Signature } = createRequire(new URL('../clients/', import.meta.url))('@hubspot/api-client');
const program = process.argv[2];
const count = process.env.HUBWARD_LONG === '1' ? 100_000 : 2_000;
const seed = Number(process.env.HUBWARD_SEED ?? 20261126);
const AT_ONCE = 5_000;
const systemNow = Date.now;

function ask(lines) {
  const run = spawnSync(program, { input: lines.map((line) => JSON.stringify(line)).join('\n') + '\n', maxBuffer: 2 ** 28, encoding: 'utf8' });
  assert.equal(run.status, 0, run.stderr);
  const answers = run.stdout.trimEnd().split('\n');
  assert.equal(answers.length, lines.length);
  return answers;
}
const hubward = (requests) => ask(requests.map((request) => ({ ...request, body: request.body.toString('base64') })));

const field = (request, name) => request.fields.find(([other]) => other.toLowerCase() === name)?.[1];

// The SDK as its documentation wants it used: the caller picks version and signature, decodes the URL and hands text over.
function sdk(request, secret) {
  const third = field(request, 'x-hubspot-signature-v3') !== undefined;
  const version = third ? 'v3' : field(request, 'x-hubspot-signature-version');
  Date.now = () => request.now;
  try {
    return Signature.isValid({ signatureVersion: version, method: request.method, clientSecret: secret, requestBody: request.body.toString('utf8'),
      url: third ? documentedUrl(request.url) : request.url, timestamp: field(request, 'x-hubspot-request-timestamp'),
      signature: field(request, third ? 'x-hubspot-signature-v3' : 'x-hubspot-signature') });
  } catch {
    return false;
  } finally {
    Date.now = systemNow;
  }
}

// Where the SDK and we part, why, and what each must then say. Each is explained in docs/webhooks.md.
const differences = {
  accepts: { // it does, we do not
    too_new: 'a timestamp in the future passes',
    timestamp_malformed: 'a timestamp is coerced to a number, or compared as NaN',
    version_unknown: 'without a version it takes v1',
    version_not_accepted: 'it knows no policy',
    repeated_field: 'it is given one value',
    encoded_body: 'it does not see the other fields',
    body_not_json: 'v1 and v2 are taken for any text',
    event_too_old: 'v1 and v2 never age',
  },
  rejects: { // it does, we do not
    url: 'it compares with one form of the URL only',
  },
};

function sayDifference(request, ours, theirs) {
  const genuine = ours.startsWith('genuine');
  if (genuine === theirs) return null;
  if (!genuine) return differences.accepts[ours] && `accepts: ${ours}`;
  const secret = ours.endsWith('current') ? request.secret : request.previous;
  const third = ours.startsWith('genuine v3');
  const text = field(request, third ? 'x-hubspot-signature-v3' : 'x-hubspot-signature');
  const stamp = field(request, 'x-hubspot-request-timestamp');
  const documented = third && digest('v3', secret, request.method, documentedUrl(request.url), request.body, stamp).toString('base64') === text;
  return third && !documented && 'rejects: url';
}

function compare(requests, tally) {
  const answers = hubward(requests);
  requests.forEach((request, i) => {
    const ours = answers[i], independent = judge(request);
    const shown = () => JSON.stringify({ ...request, body: request.body.toString('latin1') });
    assert.equal(ours, independent, `Hubward and the independent reading part over ${shown()}`);
    const theirs = [request.secret, request.previous].some((secret) => secret !== undefined && sdk(request, secret));
    const difference = sayDifference(request, ours, theirs);
    assert.notEqual(difference, false, `the SDK says ${theirs}, Hubward ${ours}: ${shown()}`);
    assert.notEqual(difference, undefined, `the SDK says ${theirs}, Hubward ${ours}: ${shown()}`);
    tally.set(ours, (tally.get(ours) ?? 0) + 1);
    const agreement = difference ?? 'agrees';
    tally.set(`SDK ${agreement}`, (tally.get(`SDK ${agreement}`) ?? 0) + 1);
  });
}

function vectors() {
  const lines = readFileSync(new URL('vectors.jsonl', import.meta.url), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line)).map((vector) => ({ ...vector, accepted: ['v1', 'v2', 'v3'],
    body: vector.body_base64 !== undefined ? Buffer.from(vector.body_base64, 'base64')
      : Buffer.from(vector.body ?? vector.body_repeat.prefix + vector.body_repeat.unit.repeat(vector.body_repeat.times) + vector.body_repeat.suffix) }));
}

// What the sandbox sends is signed by the same function as this.
function compareSigning(requests) {
  const orders = requests.flatMap((request) => ['v1', 'v2', 'v3'].map((sign) => ({ sign, timestamp: `${NOW}`, secret: request.secret,
    method: request.method, url: request.url, body: request.body.toString('base64') })));
  ask(orders).forEach((made, i) => {
    const { sign, timestamp, secret, method, url, body } = orders[i];
    assert.equal(made, signature(sign, secret, method, sign === 'v3' ? documentedUrl(url) : url, Buffer.from(body, 'base64'), timestamp));
  });
}

const tally = new Map();
compare(vectors(), tally);
tally.clear();
const chance = chances(seed);
for (let done = 0; done < count; done += AT_ONCE) {
  const requests = Array.from({ length: Math.min(AT_ONCE, count - done) }, () => randomRequest(chance));
  compare(requests, tally);
  compareSigning(requests.filter((request) => request.method !== 'post'));
}

console.log(`${count} requests from seed ${seed}, and 102 vectors:`);
for (const [what, times] of [...tally].sort()) console.log(`${String(times).padStart(8)}  ${what}`);
// Chance must have met every verdict and every difference, or the comparison says less than it seems to.
const verdicts = ['genuine v1 current', 'genuine v2 previous', 'genuine v3 current', 'genuine v3 previous', 'mismatch', 'no_signature', 'no_timestamp',
  'version_unknown', 'signature_malformed', 'too_old', 'body_not_utf8', ...Object.keys(differences.accepts), 'SDK agrees',
  ...Object.keys(differences.accepts).map((word) => `SDK accepts: ${word}`), 'SDK rejects: url'];
assert.deepEqual(verdicts.filter((word) => !tally.has(word)), []);
