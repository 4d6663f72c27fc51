// SPDX-License-Identifier: Apache-2.0
// What HubSpot's official SDK shows its user of two refusals: by the gateway's policy (a role that may only view), and by
// HubSpot for a scope that the app lacks. Prints both as JSON.
//
// HUBWARD_BASE, HUBWARD_TOKEN as in sdk_session.mjs
import { Client } from '@hubspot/api-client';

const hubspot = new Client({ basePath: process.env.HUBWARD_BASE, accessToken: process.env.HUBWARD_TOKEN });

async function refused(call) {
  try {
    await call();
    return { status: 200 };
  } catch (error) {
    return { status: error.code, body: error.body };
  }
}

const contact = { properties: { email: 'denied@example.com' }, associations: [] };
console.log(JSON.stringify({
  view: await refused(() => hubspot.crm.contacts.basicApi.getPage(1)),
  policy: await refused(() => hubspot.crm.contacts.basicApi.create(contact)),
  scope: await refused(() => hubspot.crm.lineItems.basicApi.getPage(1)),
}));
