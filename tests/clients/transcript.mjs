// SPDX-License-Identifier: Apache-2.0
// What a session saw, in a form that can be compared between two servers: ids become "#1", "#2" in order of
// appearance, times "<time>", the run's own word "<run>"; correlation ids and hosts go.

const TIME = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g;
const DROPPED = new Set(['correlationId', 'requestId', 'userId', 'userIdIncludingInactive', 'createdUserId', 'portalId']);

export class Transcript {
  constructor(run, base) {
    this.run = run;
    this.base = base;
    this.ids = new Map();
    this.steps = [];
  }

  // From now on this id reads the same in every run.
  know(id) {
    if (!this.ids.has(String(id))) this.ids.set(String(id), `#${this.ids.size + 1}`);
    return id;
  }

  text(value) {
    let text = value.replaceAll(this.run, '<run>').replaceAll(this.base, '<base>').replace(TIME, '<time>');
    return text.replace(/\b\d+\b/g, (number) => this.ids.get(number) ?? number);
  }

  plain(value) {
    if (value instanceof Date) return '<time>';
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.ids.get(String(value)) ?? value;
    if (Array.isArray(value)) return value.map((item) => this.plain(item));
    if (value === null || typeof value !== 'object') return value;
    const members = Object.entries(value).filter(([name, item]) => !DROPPED.has(name) && item !== undefined);
    return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, item]) => [name, this.plain(item)]));
  }

  // `call` is one call of the SDK; both what it gives and what it throws are part of the transcript.
  async step(name, call, show = (answer) => answer) {
    try {
      const answer = await call();
      this.steps.push({ name, ok: true, answer: this.plain(show(answer)) });
      return answer;
    } catch (error) {
      if (error?.code === undefined || typeof error.code !== 'number') throw new Error(`${name}: ${error?.stack ?? error}`);
      this.steps.push({ name, ok: false, status: error.code, answer: this.plain(error.body) });
      return undefined;
    }
  }
}
