// SPDX-License-Identifier: Apache-2.0
// Many clients of HubSpot's official SDK at once, each with a contact of its own: read, update, list, search, batch
// read, one call after the other until the time is up. Their own limiter is raised: a gateway's limits are what is
// looked at. Prints one line of JSON: calls, the first failures, and how long calls took.
//
// HUBWARD_BASE, HUBWARD_TOKEN as in sdk_session.mjs; HUBWARD_CLIENTS how many; HUBWARD_SECONDS for how long
import { Client } from '@hubspot/api-client';

const base = process.env.HUBWARD_BASE;
const accessToken = process.env.HUBWARD_TOKEN;
const clients = Number(process.env.HUBWARD_CLIENTS ?? 16);
const seconds = Number(process.env.HUBWARD_SECONDS ?? 8);
if (!base || !accessToken) {
  console.error('concurrency: set HUBWARD_BASE and HUBWARD_TOKEN');
  process.exit(2);
}

const most_failures_shown = 5;
const run = `c${Date.now()}x${process.pid}`;
const until = Date.now() + seconds * 1000;
const durations = [];
const failures = [];
let failed = 0;

async function call(what, made) {
  const start = performance.now();
  try {
    const answer = await made();
    durations.push(performance.now() - start);
    return answer;
  } catch (error) {
    failed += 1;
    if (failures.length < most_failures_shown)
      failures.push({ what, status: error?.code ?? null, body: error?.body ?? String(error?.stack ?? error) });
    return undefined;
  }
}

function check(what, holds) {
  if (holds) return;
  failed += 1;
  if (failures.length < most_failures_shown) failures.push({ what, status: null, body: 'another answer than its own' });
}

async function work(number) {
  const hubspot = new Client({ basePath: base, accessToken, limiterOptions: { minTime: 0, maxConcurrent: 100 } });
  const { contacts } = hubspot.crm;
  const email = `${run}.${number}@example.com`;
  const mine = await call('create', () => contacts.basicApi.create({ properties: { email, lastname: run }, associations: [] }));
  for (let round = 0; mine && Date.now() < until; ++round) {
    const phone = `+49 ${number} ${round}`;
    await call('update', () => contacts.basicApi.update(mine.id, { properties: { phone } }));
    const read = await call('read', () => contacts.basicApi.getById(mine.id, ['email', 'phone']));
    if (read) check('read', read.properties.email === email && read.properties.phone === phone);
    await call('list', () => contacts.basicApi.getPage(3));
    await call('batch read', () => contacts.batchApi.read({ inputs: [{ id: mine.id }], properties: ['email'], propertiesWithHistory: [] }));
    if (round % 4 !== 0) continue;
    const found = await call('search', () => contacts.searchApi.doSearch({
      filterGroups: [{ filters: [{ propertyName: 'email', operator: 'EQ', value: email }] }], properties: ['email'], limit: 1, after: '0', sorts: [] }));
    if (found) check('search', found.results.length === 1 && found.results[0].id === mine.id);
  }
}

const began = performance.now();
await Promise.all(Array.from({ length: clients }, (_, number) => work(number)));
durations.sort((a, b) => a - b);
const at = (share) => Math.round(durations[Math.min(durations.length - 1, Math.floor(durations.length * share))] ?? 0);
console.log(JSON.stringify({ calls: durations.length, failed, failures, seconds: (performance.now() - began) / 1000,
  p50_ms: at(0.5), p99_ms: at(0.99), most_ms: at(1) }));
