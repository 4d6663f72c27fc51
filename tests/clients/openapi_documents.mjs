// SPDX-License-Identifier: Apache-2.0
// HubSpot's own OpenAPI documents as validators: for a method and a path, the schema of each success status.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';

// OpenAPI 3.0 says `nullable` where JSON Schema has a type; and a schema that lists members would let any others
// pass, so that a misspelt one went unseen: here they are refused.
function strict(schema) {
  if (Array.isArray(schema)) return schema.map(strict);
  if (schema === null || typeof schema !== 'object') return schema;
  const copy = Object.fromEntries(Object.entries(schema).filter(([name]) => name !== 'example').map(([name, value]) => [name, strict(value)]));
  if (copy.nullable && copy.type) copy.type = [copy.type, 'null'];
  delete copy.nullable;
  if (copy.type === 'object' && copy.properties && copy.additionalProperties === undefined && !copy.allOf) copy.additionalProperties = false;
  return copy;
}

function* files(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* files(path);
    else if (entry.name.endsWith('.json')) yield path;
  }
}

export class Documents {
  constructor(folder) {
    this.ajv = new Ajv({ strict: false, allErrors: true, validateFormats: true });
    addFormats(this.ajv);
    this.operations = [];
    for (const file of files(folder)) this.take(file, JSON.parse(readFileSync(file, 'utf8')));
  }

  take(file, document) {
    const components = strict(document.components?.schemas ?? {});
    this.ajv.addSchema({ $id: `file:${file}`, components: { schemas: components } });
    for (const [template, methods] of Object.entries(document.paths)) {
      const shape = new RegExp(`^${template.replace(/\{[^}]+\}/g, '[^/]+')}/?$`);
      const holes = template.split('{').length - 1;
      for (const [method, operation] of Object.entries(methods))
        this.operations.push({ file, template, holes, shape, method: method.toUpperCase(), responses: operation.responses ?? {} });
    }
  }

  // Of several that fit, the one with the fewest holes.
  find(method, path) {
    const fitting = this.operations.filter((operation) => operation.method === method && operation.shape.test(path));
    return fitting.sort((a, b) => a.holes - b.holes)[0];
  }

  // Sentences about what is wrong with this answer; none when it is as documented.
  complaints(operation, status, body) {
    const response = operation.responses[String(status)];
    if (response === undefined) return [{ path: '', text: `status ${status} is not documented`, value: status }];
    const schema = Object.values(response.content ?? {})[0]?.schema;
    if (schema === undefined) return body === undefined ? [] : [{ path: '', text: 'no body is documented', value: body }];
    const key = `file:${operation.file}#${operation.method} ${operation.template} ${status}`;
    const located = JSON.parse(JSON.stringify(strict(schema)).replaceAll('"#/components', `"file:${operation.file}#/components`));
    const validate = this.ajv.getSchema(key) ?? this.ajv.compile(located);
    if (validate(body)) return [];
    return validate.errors.map((error) => ({
      path: error.instancePath,
      text: `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
      value: error.instancePath.split('/').slice(1).reduce((at, name) => at?.[name.replaceAll('~1', '/').replaceAll('~0', '~')], body),
    }));
  }
}
