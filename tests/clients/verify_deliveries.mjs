// SPDX-License-Identifier: Apache-2.0
// Whether the official libraries accept what a receiver got: one delivery a line on standard input, {"headers", "body"};
// the secret is in HUBWARD_SECRET. Prints how many each library verified, and that each refuses a changed body.
import readline from 'node:readline'
import { Webhook as Standard } from 'standardwebhooks'
import { Webhook as Svix } from 'svix'

const verifiers = { standardwebhooks: new Standard(process.env.HUBWARD_SECRET), svix: new Svix(process.env.HUBWARD_SECRET) }
const verified = Object.fromEntries(Object.keys(verifiers).map((name) => [name, 0]))
const refused = { ...verified }
for await (const line of readline.createInterface({ input: process.stdin })) {
  const { headers, body } = JSON.parse(line)
  for (const [name, verifier] of Object.entries(verifiers)) {
    verifier.verify(body, headers)
    verified[name] += 1
    try {
      verifier.verify(`${body} `, headers)
    } catch {
      refused[name] += 1
    }
  }
}
console.log(JSON.stringify({ verified, refused }))
