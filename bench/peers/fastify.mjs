// SPDX-License-Identifier: Apache-2.0
// Fastify with its official proxy, which puts one token on: TLS in, TLS out, no client is known, nothing is decided.
// Tuned: undici's pool of kept connections, certificate checked upstream, HTTP/1.1 both ways, one log line a call
// gathered in memory and written in blocks by pino.
// Run: fastify.mjs SETTINGS, a JSON file with port, upstream, token, key, cert, ca, log
import fs from 'node:fs'
import fastify from 'fastify'
import httpProxy from '@fastify/http-proxy'
import pino from 'pino'

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const log = pino(pino.destination({ dest: settings.log, sync: false, minLength: 8192 }))
const server = fastify({
  logger: false,
  keepAliveTimeout: 300_000,
  https: {
    key: fs.readFileSync(settings.key),
    cert: fs.readFileSync(settings.cert),
    minVersion: 'TLSv1.3',
  },
})
const bearer = `Bearer ${settings.token}`
server.addHook('onResponse', (request, reply, done) => {
  log.info({ ip: request.ip, id: request.id, method: request.method, url: request.url, status: reply.statusCode, ms: reply.elapsedTime })
  done()
})
await server.register(httpProxy, {
  upstream: settings.upstream,
  undici: { connections: 256, keepAliveTimeout: 300_000, connect: { ca: fs.readFileSync(settings.ca), servername: 'localhost' } },
  replyOptions: { rewriteRequestHeaders: (request, headers) => ({ ...headers, authorization: bearer, host: 'localhost' }) },
})
await server.listen({ host: '127.0.0.1', port: settings.port, backlog: 4096 })
