// SPDX-License-Identifier: Apache-2.0
// A proxy that waits with bottleneck: for each account a reservoir of what HubSpot allows in ten seconds, refilled every ten,
// as its manual shows for such limits. Tuned: kept connections upstream; who has waited ten seconds is turned away.
// Run: pacing_bottleneck.mjs SETTINGS, a JSON file with port, upstream, ca and the limits by account
import fs from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import Bottleneck from 'bottleneck'

const settings = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'))
const agent = new https.Agent({ keepAlive: true, maxSockets: 256, ca: fs.readFileSync(settings.ca) })
const limiters = new Map(Object.entries(settings.limits).map(([account, limit]) => [account, new Bottleneck({
  reservoir: limit, reservoirRefreshAmount: limit, reservoirRefreshInterval: 10_000,
  highWater: limit, strategy: Bottleneck.strategy.OVERFLOW,
})]))

function forward(request, target, answer) {
  return new Promise((resolve) => {
    const upstream = https.request(settings.upstream + target, { method: request.method, agent, headers: { authorization: request.headers.authorization } }, (response) => {
      answer.writeHead(response.statusCode, { 'content-type': response.headers['content-type'] ?? 'application/json' })
      response.pipe(answer)
      response.on('close', resolve)
    })
    upstream.on('error', () => { answer.writeHead(502).end(); resolve() })
    upstream.end()
  })
}

http.createServer((request, answer) => {
  const [, account, rest] = /^\/([a-z]+)(\/.*)$/.exec(request.url) ?? []
  const limiter = limiters.get(account)
  if (!limiter) return answer.writeHead(404).end()
  limiter.schedule(() => forward(request, rest, answer)).catch(() => answer.headersSent || answer.writeHead(429).end())
}).listen(settings.port, '127.0.0.1')
