// SPDX-License-Identifier: Apache-2.0
// What many teams have today: an Express server that looks its caller's key up in a table and calls HubSpot through
// the official client. Nothing is decided, and the token lies in memory in the clear.
// Tuned: Node keeps connections to HubSpot by itself; the body is handed on as text. No log line.
// Run: express_sdk.mjs SETTINGS, a JSON file with port, upstream, token, client_key, key, cert; the authority comes
// from NODE_EXTRA_CA_CERTS, since the client takes none.
import fs from 'node:fs'
import https from 'node:https'
import express from 'express'
import { Client } from '@hubspot/api-client'

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const hubspot = new Client({ basePath: settings.upstream, accessToken: settings.token, numberOfApiCallRetries: 0 })
const clients = new Map([[`Bearer ${settings.client_key}`, 'bench']])
const app = express()
app.disable('x-powered-by')
app.disable('etag')
app.use(async (request, response) => {
  if (!clients.has(request.headers.authorization)) return response.status(401).json({ status: 'error', message: 'unknown key' })
  const answer = await hubspot.apiRequest({ method: request.method, path: request.url })
  response.status(answer.status).type('application/json').send(await answer.text())
})
const server = https.createServer({ key: fs.readFileSync(settings.key), cert: fs.readFileSync(settings.cert), minVersion: 'TLSv1.3' }, app)
server.keepAliveTimeout = 300_000
server.listen({ host: '127.0.0.1', port: settings.port, backlog: 4096 })
