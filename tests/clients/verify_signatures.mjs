// SPDX-License-Identifier: Apache-2.0
// Whether requests that the sandbox sent are signed as HubSpot documents it, by Node's crypto: one a line on standard input,
// {"headers", "body", "path"}; HUBWARD_SECRET is the app's client secret, HUBWARD_BASE what stands before the path.
// Prints how many there were by what judge() says of them.
import readline from 'node:readline'
import { judge } from '../signatures/independent.mjs'

const verdicts = {}
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { headers, body, path } = JSON.parse(line)
  const verdict = judge({
    method: 'POST', url: process.env.HUBWARD_BASE + path, body: Buffer.from(body), fields: Object.entries(headers),
    accepted: ['v1', 'v2', 'v3'], secret: process.env.HUBWARD_SECRET, now: Date.now(),
  })
  verdicts[verdict] = (verdicts[verdict] ?? 0) + 1
}
console.log(JSON.stringify(verdicts))
