// SPDX-License-Identifier: Apache-2.0
// What HubSpot's documentation shows: Express, the raw body, the official client's Signature.isValid, 204. What comes is
// parsed and forgotten: nothing is durable, nothing is recognised when it comes again.
// Run: hooks_express_sdk.mjs SETTINGS, a JSON file with port, public_url, app_secret, key, cert
import fs from 'node:fs'
import https from 'node:https'
import express from 'express'
import { Signature } from '@hubspot/api-client'

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const app = express()
app.disable('x-powered-by')
app.disable('etag')
let events = 0
app.post('/hooks/:app', express.raw({ type: '*/*', limit: '10mb' }), (request, response) => {
  const body = request.body.toString('utf8')
  const genuine = Signature.isValid({
    signatureVersion: 'v3',
    signature: request.get('x-hubspot-signature-v3') ?? '',
    method: request.method,
    clientSecret: settings.app_secret,
    requestBody: body,
    url: settings.public_url + request.originalUrl,
    timestamp: Number(request.get('x-hubspot-request-timestamp')),
  })
  if (!genuine) return response.sendStatus(401)
  events += JSON.parse(body).length
  response.sendStatus(204)
})
const server = https.createServer({ key: fs.readFileSync(settings.key), cert: fs.readFileSync(settings.cert), minVersion: 'TLSv1.3' }, app)
server.keepAliveTimeout = 300_000
server.listen({ host: '127.0.0.1', port: settings.port, backlog: 4096 })
