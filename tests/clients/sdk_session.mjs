// SPDX-License-Identifier: Apache-2.0
// A long session with HubSpot's official SDK against whatever speaks for HubSpot: the sandbox, or the gateway in
// front of it. Nothing but the base path and the access token says which. Prints a transcript that is the same
// for both (transcript.mjs); fails when a step did not go as HubSpot's documents say.
//
// HUBWARD_BASE   like https://localhost:8443
// HUBWARD_TOKEN  a HubSpot token, or the gateway's client key
// NODE_EXTRA_CA_CERTS when the certificate is not the system's to know
import { Client } from '@hubspot/api-client';
import { Transcript } from './transcript.mjs';

const base = process.env.HUBWARD_BASE;
const accessToken = process.env.HUBWARD_TOKEN;
if (!base || !accessToken) {
  console.error('sdk_session: set HUBWARD_BASE and HUBWARD_TOKEN');
  process.exit(2);
}

const run = `r${Date.now()}x${process.pid}`;
const transcript = new Transcript(run, base);
// The SDK's own limiter would make this a session of minutes.
const hubspot = new Client({ basePath: base, accessToken, limiterOptions: { minTime: 0, maxConcurrent: 6 } });
const { contacts, companies, deals, tickets } = hubspot.crm;
const step = (name, call, show) => transcript.step(name, call, show);
const email = (name) => `${name}.${run}@example.com`;
const known = (record) => {
  transcript.know(record.id);
  return record;
};
const sorted = (results) => [...results].sort((a, b) => Number(a.id) - Number(b.id));

async function createAndRead() {
  const ada = await step('create a contact', async () =>
    known(await contacts.basicApi.create({ properties: { email: email('ada'), firstname: 'Ada', lastname: run }, associations: [] })));
  await step('get it by id', () => contacts.basicApi.getById(ada.id, ['email', 'firstname', 'phone']));
  await step('get it by e-mail', () => contacts.basicApi.getById(email('ada'), ['firstname'], undefined, undefined, false, 'email'));
  await step('update it', () => contacts.basicApi.update(ada.id, { properties: { firstname: 'Augusta', jobtitle: 'Analyst' } }));
  await step('clear a property', () => contacts.basicApi.update(ada.id, { properties: { jobtitle: '' } }));
  await step('read with history', () => contacts.basicApi.getById(ada.id, ['jobtitle'], ['firstname']), (record) =>
    record.propertiesWithHistory.firstname.map((version) => version.value));
  return ada;
}

async function batches() {
  const names = ['b1', 'b2', 'b3', 'b4', 'b5'];
  const made = await step('batch create', async () => {
    const answer = await contacts.batchApi.create({
      inputs: names.map((name) => ({ properties: { email: email(name), firstname: name, lastname: run }, associations: [] })) });
    sorted(answer.results).forEach(known);
    return answer;
  }, (answer) => sorted(answer.results));
  const ids = sorted(made.results).map((record) => record.id);
  await step('batch read', () => contacts.batchApi.read({
    inputs: ids.map((id) => ({ id })), properties: ['email', 'firstname'], propertiesWithHistory: [] }), (answer) => sorted(answer.results));
  await step('batch read by e-mail', () => contacts.batchApi.read({
    inputs: [{ id: email('b1') }, { id: email('b2') }], idProperty: 'email', properties: ['firstname'], propertiesWithHistory: [] }),
  (answer) => sorted(answer.results));
  await step('batch read with an unknown id', () => contacts.batchApi.read({
    inputs: [{ id: ids[0] }, { id: '1' }], properties: ['firstname'], propertiesWithHistory: [] }),
  (answer) => ({ results: answer.results, numErrors: answer.numErrors, errors: answer.errors }));
  await step('batch update', () => contacts.batchApi.update({
    inputs: ids.map((id, i) => ({ id, properties: { phone: `+49 30 ${i}` } })) }), (answer) => sorted(answer.results));
  await step('batch upsert', async () => {
    const answer = await contacts.batchApi.upsert({ inputs: [
      { id: email('b1'), idProperty: 'email', properties: { firstname: 'changed' } },
      { id: email('b6'), idProperty: 'email', properties: { firstname: 'b6', lastname: run } }] });
    sorted(answer.results).forEach(known);
    ids.push(...answer.results.filter((result) => result.new).map((result) => result.id));
    return answer;
  }, (answer) => sorted(answer.results));
  return ids;
}

async function listAndSearch(ids) {
  await step('list everything', () => contacts.getAll(100, undefined, ['email']), (all) => {
    const there = new Set(all.map((record) => record.id));
    return ids.every((id) => there.has(id));
  });
  await step('one page', () => contacts.basicApi.getPage(1), (page) =>
    ({ results: page.results.length, link: page.paging.next.link.startsWith(`${base}/`), after: typeof page.paging.next.after }));
  const mine = { propertyName: 'lastname', operator: 'EQ', value: run };
  const search = (more) => contacts.searchApi.doSearch({
    filterGroups: [{ filters: [mine] }], sorts: ['email'], properties: ['email', 'firstname'], limit: 3, after: '0', ...more });
  const page = await step('search', () => search({}), ({ total, results, paging }) => ({ total, results, paging }));
  await step('the next page of the search', () => search({ after: page.paging.next.after }), ({ total, results, paging }) => ({ total, results, paging }));
  await step('search in several groups', () => search({ limit: 10, filterGroups: [
    { filters: [mine, { propertyName: 'email', operator: 'IN', values: [email('b2'), email('b3')] }] },
    { filters: [mine, { propertyName: 'firstname', operator: 'CONTAINS_TOKEN', value: 'aug*' }] }] }), ({ total, results }) => ({ total, results }));
}

async function otherObjects(ada) {
  const company = await step('create a company', async () =>
    known(await companies.basicApi.create({ properties: { name: `Company ${run}`, domain: `${run}.example` }, associations: [] })));
  const deal = await step('create a deal with an association', async () =>
    known(await deals.basicApi.create({ properties: { dealname: run, amount: '12.50', pipeline: 'default', dealstage: 'qualifiedtobuy' },
      associations: [{ to: { id: ada.id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 3 }] }] })));
  const ticket = await step('create a ticket', async () =>
    known(await tickets.basicApi.create({ properties: { subject: run, hs_pipeline: '0', hs_pipeline_stage: '1' }, associations: [] })));
  await step('a deal with its contacts', () => deals.basicApi.getById(deal.id, ['amount'], undefined, ['contacts']));
  return { company, deal, ticket };
}

async function associate(ada, { company, ticket }) {
  const { basicApi, batchApi } = hubspot.crm.associations.v4;
  await step('associate by default', () => basicApi.createDefault('contacts', ada.id, 'companies', company.id), (answer) => answer.results);
  await step('associate as primary', () => basicApi.create('contacts', ada.id, 'companies', company.id,
    [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 1 }]));
  await step('what is associated', () => basicApi.getPage('contacts', ada.id, 'companies', undefined, 500));
  await step('associate in a batch', () => batchApi.create('contacts', 'tickets', { inputs: [
    { _from: { id: ada.id }, to: { id: ticket.id }, types: [{ associationCategory: 'HUBSPOT_DEFINED', associationTypeId: 15 }] }] }),
  (answer) => answer.results);
  await step('read associations in a batch', () => batchApi.getPage('contacts', 'tickets', { inputs: [{ id: ada.id }] }), (answer) => answer.results);
  await step('dissociate', () => basicApi.archive('contacts', ada.id, 'companies', company.id));
  await step('nothing is associated', () => basicApi.getPage('contacts', ada.id, 'companies', undefined, 500));
}

async function definitions() {
  const { coreApi } = hubspot.crm.properties;
  const name = `p_${run}`;
  await step('list properties', () => coreApi.getAll('contacts', false), (answer) => answer.results.some((property) => property.name === 'email'));
  await step('create a property', () => coreApi.create('contacts', {
    name, label: 'A property', type: 'enumeration', fieldType: 'select', groupName: 'contactinformation',
    options: [{ label: 'One', value: 'one', displayOrder: 0, hidden: false }, { label: 'Two', value: 'two', displayOrder: 1, hidden: false }] }));
  await step('read it', () => coreApi.getByName('contacts', name), ({ label, options }) => ({ label, options }));
  await step('archive it', () => coreApi.archive('contacts', name));
  await step('owners', () => hubspot.crm.owners.ownersApi.getPage(undefined, undefined, 1), (page) =>
    ({ owners: page.results.length, type: page.results[0].type, more: page.paging !== undefined }));
}

async function refusals(ada) {
  await step('404 for an unknown contact', () => contacts.basicApi.getById('999999999'));
  await step('409 for a known e-mail', () => contacts.basicApi.create({ properties: { email: email('ada') }, associations: [] }));
  await step('400 for an unknown property', () => contacts.basicApi.create({ properties: { no_such_property: '1' }, associations: [] }));
  await step('400 for a bad option', () => contacts.basicApi.update(ada.id, { properties: { lifecyclestage: 'dragon' } }));
  await step('403 for a scope that the app lacks', () => hubspot.crm.lineItems.basicApi.getPage(1));
}

async function cleanUp(ada, ids, { company, deal, ticket }) {
  await step('archive a contact', () => contacts.basicApi.archive(ada.id));
  await step('it is gone', () => contacts.basicApi.getById(ada.id));
  await step('batch archive', () => contacts.batchApi.archive({ inputs: ids.map((id) => ({ id })) }));
  await step('none of them is left', () => contacts.batchApi.read({
    inputs: ids.map((id) => ({ id })), properties: [], propertiesWithHistory: [] }), (answer) => ({ results: answer.results, numErrors: answer.numErrors }));
  await companies.basicApi.archive(company.id);
  await deals.basicApi.archive(deal.id);
  await tickets.basicApi.archive(ticket.id);
}

const ada = await createAndRead();
const ids = await batches();
await listAndSearch(ids);
const others = await otherObjects(ada);
await associate(ada, others);
await definitions();
await refusals(ada);
await cleanUp(ada, ids, others);

// Steps whose names begin with a status must fail with it, "it is gone" with 404, all others must succeed.
const wrong = transcript.steps.filter((seen) => {
  const status = Number(/^(\d{3}) /.exec(seen.name)?.[1] ?? (seen.name === 'it is gone' ? 404 : 0));
  return status === 0 ? !seen.ok : seen.status !== status;
});
console.log(JSON.stringify({ steps: transcript.steps }, null, 1));
if (wrong.length > 0) {
  console.error(`sdk_session: ${wrong.length} of ${transcript.steps.length} steps went wrong: ${JSON.stringify(wrong, null, 1)}`);
  process.exit(1);
}
console.error(`sdk_session: ${transcript.steps.length} steps`);
