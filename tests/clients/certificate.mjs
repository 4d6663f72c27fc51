// SPDX-License-Identifier: Apache-2.0
// HubSpot's official SDK with a client certificate: one page of contacts, with an access token of whatever kind and without
// any. Prints what each came to, as JSON.
//
// HUBWARD_BASE         like https://localhost:8443
// HUBWARD_TOKENS       JSON: a list of access tokens; null stands for none
// HUBWARD_CERTIFICATE  PEM file with the certificate and its key; without it none is shown
import { readFileSync } from 'node:fs';
import https from 'node:https';
import { Client } from '@hubspot/api-client';

const { HUBWARD_BASE: basePath, HUBWARD_CERTIFICATE: file, HUBWARD_TOKENS: tokens } = process.env;
const pem = file ? readFileSync(file) : undefined;
const httpAgent = new https.Agent({ cert: pem, key: pem, keepAlive: true });

async function page(accessToken) {
  const hubspot = new Client({ basePath, httpAgent, ...(accessToken === null ? {} : { accessToken }) });
  try {
    const answer = await hubspot.crm.contacts.basicApi.getPage(1);
    return { status: 200, results: Array.isArray(answer.results) };
  } catch (error) {
    return { status: error.code, category: error.body?.category };
  }
}

const seen = [];
for (const token of JSON.parse(tokens)) seen.push(await page(token));
console.log(JSON.stringify(seen));
httpAgent.destroy();
