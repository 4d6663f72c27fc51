// SPDX-License-Identifier: Apache-2.0
// The same with less around it: Fastify, and the signature by Node's own crypto, compared in constant time, with the five
// minutes. What comes is parsed and forgotten.
// Run: hooks_fastify.mjs SETTINGS, a JSON file with port, public_url, app_secret, key, cert
import crypto from 'node:crypto'
import fs from 'node:fs'
import fastify from 'fastify'

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const server = fastify({
  logger: false,
  keepAliveTimeout: 300_000,
  bodyLimit: 10 * 1024 * 1024,
  https: { key: fs.readFileSync(settings.key), cert: fs.readFileSync(settings.cert), minVersion: 'TLSv1.3' },
})
server.removeAllContentTypeParsers()
server.addContentTypeParser('*', { parseAs: 'buffer' }, (request, body, done) => done(null, body))
let events = 0
server.post('/hooks/:app', (request, reply) => {
  const at = request.headers['x-hubspot-request-timestamp'] ?? ''
  const sent = Buffer.from(request.headers['x-hubspot-signature-v3'] ?? '', 'base64')
  const own = crypto.createHmac('sha256', settings.app_secret)
    .update(request.method + settings.public_url + request.url).update(request.body).update(at).digest()
  const fresh = Math.abs(Date.now() - Number(at)) <= 300_000
  if (!fresh || sent.length !== own.length || !crypto.timingSafeEqual(sent, own)) return reply.code(401).send()
  events += JSON.parse(request.body).length
  return reply.code(204).send()
})
await server.listen({ host: '127.0.0.1', port: settings.port, backlog: 4096 })
