// SPDX-License-Identifier: Apache-2.0
// Success answers of the sandbox against HubSpot's OpenAPI documents, with an independent validator (ajv). The
// documents are not part of this project; without them the test is skipped.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Documents } from './openapi_documents.mjs';

const folder = process.env.HUBWARD_OPENAPI ?? fileURLToPath(new URL('../../../shared/reference/openapi', import.meta.url));
const SKIPPED = 77;
if (!existsSync(folder)) {
  console.log(`skipped: HubSpot's OpenAPI documents are not at ${folder}`);
  process.exit(SKIPPED);
}

// Where HubSpot itself does not keep to its documents, or they contradict each other. Each must be needed.
const exceptions = [
  { where: /crm\/(v3\/)?objects/, text: /\/properties\/\w+ must be string/, value: null,
    reason: 'a property without a value reads null (hubspot.md 10.2); the documents know no null' },
  { where: /associations/, text: /\/label must be string/, value: null,
    reason: 'an association type without a label reads null' },
  { where: /\/oauth\/v1\/token$/, text: /must have required property 'token_use'|must match exactly one schema|must have required property 'scopes'/,
    reason: 'v1 answers four members only (hubspot.md 1.2, from the field)' },
  { where: /\/oauth\/v1\/token$/, text: /additionalProperty":"refresh_token"/, reason: 'the other branch of the same oneOf' },
  { where: /\/oauth\/2026-09\/token/, text: /additional properties|is not documented/,
    reason: 'the stored 2026-09 document is a pre-release copy without these shapes (hubspot.md 1.2); 2026-03 holds' },
  { where: /crm\/(associations|properties)\/2026-09\/.*\/batch\/create$/, text: /status 201 is not documented/,
    reason: 'the stored 2026-09 documents say 200; 2026-03 shapes hold until the final ones are known (hubspot.md 13)' },
  { where: /\/token\/revoke$/, text: /status 200 is not documented/, reason: 'only `default` is documented; 200 in practice (hubspot.md 1.4)' },
];

const base = process.env.HUBWARD_BASE;
const control = process.env.SANDBOX_CONTROL;
const ready = JSON.parse(process.env.SANDBOX_READY);
const documents = new Documents(folder);
const used = new Set();
const wrong = [];
let checked = 0;

async function send(method, target, body, headers = {}) {
  const answer = await fetch(base + target, { method, redirect: 'manual', body, headers: {
    authorization: `Bearer ${process.env.HUBWARD_TOKEN}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers } });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text), headers: answer.headers };
}

async function call(method, target, input, headers) {
  const body = typeof input === 'string' || input === undefined ? input : JSON.stringify(input);
  const answer = await send(method, target, body, headers);
  const path = target.split('?')[0];
  const complain = (text) => wrong.push(`${method} ${path}: ${text}`);
  checked += 1;
  if (answer.status >= 300) {
    complain(`answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  }
  const operation = documents.find(method, path);
  if (operation === undefined) {
    complain('no document has this operation');
    return answer.body;
  }
  for (const complaint of documents.complaints(operation, answer.status, answer.body)) {
    const excuse = exceptions.find((exception) => exception.where.test(path) && exception.text.test(complaint.text) &&
      (exception.value === undefined || exception.value === complaint.value));
    if (excuse === undefined) complain(`${answer.status} ${complaint.text}`);
    else used.add(excuse);
  }
  return answer.body;
}

const objectsAt = (version, type) => (version === 'v3' ? `/crm/v3/objects/${type}` : `/crm/objects/${version}/${type}`);
const input = (properties) => ({ properties, associations: [] });

async function objects(version, type, sample, unique) {
  const at = objectsAt(version, type);
  const make = (n) => input(sample(`${type}-${version}-${n}`));
  const one = await call('POST', at, make(1));
  const two = await call('POST', at, make(2));
  await call('GET', `${at}?limit=1&propertiesWithHistory=${Object.keys(make(1).properties)[0]}`);
  await call('GET', `${at}?limit=1&properties=hs_object_id`);
  await call('GET', `${at}/${one.id}?associations=contacts,companies`);
  await call('PATCH', `${at}/${one.id}`, { properties: sample(`${type}-${version}-1b`) });
  const made = await call('POST', `${at}/batch/create`, { inputs: [make(3), make(4)] });
  const ids = made.results.map(({ id }) => ({ id }));
  await call('POST', `${at}/batch/read`, { inputs: ids, properties: [], propertiesWithHistory: [] });
  // 2026-09's document lacks the 207 that those of v3 and 2026-03 have.
  if (version !== '2026-09') await call('POST', `${at}/batch/read`, { inputs: [...ids, { id: '1' }], properties: [], propertiesWithHistory: [] });
  await call('POST', `${at}/batch/update`, { inputs: ids.map(({ id }, i) => ({ id, properties: sample(`${type}-${version}-u${i}`) })) });
  if (unique) {
    await call('POST', `${at}/batch/upsert`, { inputs: [{ idProperty: unique, id: `upsert.${version}@example.com`, properties: {} }] });
    await call('POST', `${at}/gdpr-delete`, { idProperty: unique, objectId: `upsert.${version}@example.com` });
  }
  await call('POST', `${at}/search`, { filterGroups: [], sorts: [], properties: [], limit: 1, after: '0' });
  await call('POST', `${at}/merge`, { primaryObjectId: one.id, objectIdToMerge: two.id });
  await call('POST', `${at}/batch/archive`, { inputs: ids });
  await call('DELETE', `${at}/${one.id}`);
  await call('GET', `${at}?limit=1&archived=true`);
}

async function associations(version) {
  const contact = await call('POST', objectsAt('v3', 'contacts'), input({ email: `links.${version}@example.com` }));
  const company = await call('POST', objectsAt('v3', 'companies'), input({ name: 'Linked' }));
  const objectsPath = version === 'v4' ? '/crm/v4/objects' : `/crm/objects/${version}`;
  const batchPath = version === 'v4' ? '/crm/v4/associations' : `/crm/associations/${version}`;
  const link = `${objectsPath}/contacts/${contact.id}/associations`;
  const types = [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 1 }];
  await call('PUT', `${objectsPath}/contacts/${contact.id}/associations/default/companies/${company.id}`);
  await call('PUT', `${link}/companies/${company.id}`, types);
  // 2026-09's document lacks this call.
  if (version !== '2026-09') await call('GET', `${link}/companies?limit=500`);
  const pair = { from: { id: contact.id }, to: { id: company.id } };
  const batch = `${batchPath}/contacts/companies`;
  await call('POST', `${batch}/batch/create`, { inputs: [{ ...pair, types }] });
  await call('POST', `${batch}/batch/associate/default`, { inputs: [pair] });
  await call('POST', `${batch}/batch/read`, { inputs: [{ id: contact.id }] });
  await call('POST', `${batch}/batch/labels/archive`, { inputs: [{ ...pair, types }] });
  await call('POST', `${batch}/batch/archive`, { inputs: [{ from: pair.from, to: [pair.to] }] });
  await call('GET', `${batch}/labels`);
  const label = await call('POST', `${batch}/labels`, { label: `Label ${version}`, name: `label_${version}` });
  await call('PUT', `${batch}/labels`, { associationTypeId: label.results[0].typeId, label: 'Other' });
  await call('DELETE', `${batch}/labels/${label.results[0].typeId}`);
  await call('DELETE', `${link}/companies/${company.id}`);
}

async function definitions(version) {
  const at = version === 'v3' ? '/crm/v3/properties/contacts' : `/crm/properties/${version}/contacts`;
  const name = `p_${version.replaceAll('-', '_')}`;
  const property = { label: 'P', type: 'enumeration', fieldType: 'select', groupName: 'contactinformation',
    options: [{ label: 'A', value: 'a', displayOrder: 0, hidden: false }] };
  await call('GET', at);
  await call('POST', at, { name, ...property });
  await call('GET', `${at}/${name}`);
  await call('PATCH', `${at}/${name}`, { label: 'Q' });
  await call('POST', `${at}/batch/create`, { inputs: [{ name: `${name}_2`, ...property }] });
  await call('POST', `${at}/batch/read`, { inputs: [{ name }], archived: false, dataSensitivity: 'non_sensitive' });
  await call('POST', `${at}/batch/archive`, { inputs: [{ name: `${name}_2` }] });
  await call('DELETE', `${at}/${name}`);
  await call('GET', `${at}?archived=true`);
  await call('POST', `${at}/groups`, { name: `g_${name}`, label: 'G' });
  await call('GET', `${at}/groups`);
  await call('GET', `${at}/groups/g_${name}`);
  await call('PATCH', `${at}/groups/g_${name}`, { label: 'H' });
  await call('DELETE', `${at}/groups/g_${name}`);
}

async function account(version) {
  const dated = version !== 'v3';
  await call('GET', `/account-info/${version}/details`);
  await call('GET', `/account-info/${version}/api-usage/daily/private-apps`);
  const owners = dated ? `/crm/owners/${version}` : '/crm/v3/owners';
  const page = await call('GET', `${owners}?limit=1`);
  await call('GET', `${owners}/${page.results[0].id}`);
  const pipelines = dated ? `/crm/pipelines/${version}/deals` : '/crm/v3/pipelines/deals';
  await call('GET', pipelines);
  await call('GET', `${pipelines}/default`);
  await call('GET', `${pipelines}/default/stages`);
  await call('GET', `${pipelines}/default/stages/closedwon`);
  const schemas = `/crm-object-schemas/${version}/schemas`;
  const name = `car_${version.replaceAll('-', '_')}`;
  const schema = await call('POST', schemas, { name, labels: { singular: 'Car', plural: 'Cars' }, primaryDisplayProperty: 'model',
    requiredProperties: ['model'], searchableProperties: [], secondaryDisplayProperties: [], associatedObjects: ['contacts'],
    allowsSensitiveProperties: false, shouldCreateSameObjectAssociation: false,
    properties: [{ name: 'model', label: 'Model', type: 'string', fieldType: 'text' }] });
  await call('GET', schemas);
  await call('GET', `${schemas}/${schema.objectTypeId}`);
  if (version !== 'v3') await call('POST', objectsAt(version, schema.objectTypeId), input({ model: 'T' }));
  const record = await call('POST', objectsAt('v3', name), input({ model: 'S' }));
  await call('GET', `${objectsAt('v3', name)}/${record.id}`);
}

async function oauth(version) {
  const app = ready.apps.find((candidate) => candidate.name === 'demo');
  const redirect = app.redirect_uris[0];
  const query = new URLSearchParams({ client_id: app.client_id, redirect_uri: redirect, scope: 'oauth crm.objects.contacts.read',
    state: 's', sandbox_auto_consent: String(ready.accounts[0].hub_id) });
  const consent = await send('GET', `/oauth/authorize?${query}`, undefined, { authorization: '' });
  const code = new URL(consent.headers.get('location')).searchParams.get('code');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const client = { client_id: app.client_id, client_secret: app.client_secret };
  const at = `/oauth/${version}/token`;
  const post = (path, fields) => call('POST', path, new URLSearchParams({ ...fields, ...client }).toString(), form);
  const tokens = await post(at, { grant_type: 'authorization_code', code, redirect_uri: redirect });
  await post(at, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
  if (version === 'v1') {
    await call('GET', `/oauth/v1/access-tokens/${tokens.access_token}`);
    await call('GET', `/oauth/v1/refresh-tokens/${tokens.refresh_token}`);
    await call('DELETE', `/oauth/v1/refresh-tokens/${tokens.refresh_token}`);
    return;
  }
  await post(`${at}/introspect`, { token: tokens.access_token, token_type_hint: 'access_token' });
  await post(`${at}/introspect`, { token: tokens.refresh_token, token_type_hint: 'refresh_token' });
  await post(`${at}/revoke`, { token: tokens.refresh_token, token_type_hint: 'refresh_token' });
  await call('DELETE', `/appinstalls/${version}/external-install`, undefined, { authorization: `Bearer ${tokens.access_token}` });
}

// As the app itself: what it subscribed to, and where the files are.
async function journal() {
  const app = ready.apps.find((candidate) => candidate.name === 'demo');
  const scopes = ['read', 'subscriptions.read', 'subscriptions.write'].map((what) => `developer.webhooks_journal.${what}`);
  const fields = { grant_type: 'client_credentials', client_id: app.client_id, client_secret: app.client_secret, scope: scopes.join(' ') };
  const granted = await send('POST', '/oauth/2026-03/token', new URLSearchParams(fields).toString(),
    { authorization: '', 'content-type': 'application/x-www-form-urlencoded' });
  const bearer = { authorization: `Bearer ${granted.body.access_token}` };
  const [subscriptions, entries] = ['subscriptions', 'journal'].map((part) => `/webhooks-journal/${part}/2026-03`);
  const made = await call('POST', subscriptions, { subscriptionType: 'OBJECT', objectTypeId: '0-1', portalId: ready.accounts[0].hub_id,
    actions: ['CREATE', 'UPDATE'], properties: ['email'], objectIds: [] }, bearer);
  await call('GET', subscriptions, undefined, bearer);
  await call('GET', `${subscriptions}/${made.id}`, undefined, bearer);
  await call('POST', '/crm/v3/objects/contacts', input({ email: 'journal@example.com' }));
  // What the documents do not describe: a single entry.
  const entry = (await send('GET', `${entries}/earliest`, undefined, bearer)).body;
  const offset = entry.currentOffset;
  await call('GET', `${entries}/batch/earliest/10`, undefined, bearer);
  await call('GET', `${entries}/batch/latest/1`, undefined, bearer);
  await call('GET', `${entries}/batch/${offset}/next/10`, undefined, bearer);
  await call('POST', `${entries}/batch/read`, { inputs: [offset] }, bearer);
  await call('POST', `${entries}/batch/read`, { inputs: [offset, '00000000-0000-0000-0000-000000000000'] }, bearer);
  await call('DELETE', `${subscriptions}/${made.id}`, undefined, bearer);
  await call('DELETE', `${subscriptions}/portals/${ready.accounts[0].hub_id}`, undefined, bearer);
}

await fetch(`${control}/settings`, { method: 'PATCH', body: JSON.stringify({ burst_limit: false, search_limit: false }) });
for (const version of ['v3', '2026-03', '2026-09']) {
  await objects(version, 'contacts', (word) => ({ email: `${word}@example.com`, firstname: word }), 'email');
  await objects(version, 'companies', (word) => ({ name: word }));
  await objects(version, version === 'v3' ? 'deals' : '0-3', (word) => ({ dealname: word }));
  await objects(version, 'tickets', (word) => ({ subject: word, hs_pipeline: '0', hs_pipeline_stage: '1' }));
  await associations(version === 'v3' ? 'v4' : version);
  await definitions(version);
  await account(version);
  await oauth(version);
}
await oauth('v1');
await journal();

for (const exception of exceptions) if (!used.has(exception)) wrong.push(`the exception "${exception.reason}" is not needed any more`);
for (const sentence of wrong) console.error(sentence);
console.log(`${checked} answers checked against HubSpot's documents, ${wrong.length} complaints, ${exceptions.length} exceptions`);
process.exit(wrong.length > 0 ? 1 : 0);
