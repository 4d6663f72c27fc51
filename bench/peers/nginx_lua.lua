-- SPDX-License-Identifier: Apache-2.0
-- What one call asks: whose key is it, which operation is this, does the role allow it, which token goes on. The tables
-- come from a file of Lua tables that bench/ writes beside the configuration: the same clients, roles and catalogue rows that
-- Hubward is given.
local ffi = require "ffi"
local M = {}

ffi.cdef [[
const void *EVP_sha256(void);
unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data, size_t n,
                    unsigned char *out, unsigned int *out_len);
]]
local C = ffi.load("crypto.so.3")
local sha256 = C.EVP_sha256()
local out, out_len = ffi.new("unsigned char[32]"), ffi.new("unsigned int[1]")
local find, sub = string.find, string.sub

local pepper, clients, roles, catalogue

local function keyed_hash(text)
  C.HMAC(sha256, pepper, #pepper, text, #text, out, out_len)
  return ffi.string(out, 32)
end

function M.load(file)
  local handle = assert(io.open(file))
  local known = assert(loadstring("return " .. handle:read("*a")))()
  handle:close()
  pepper, roles, catalogue = known.pepper, known.roles, known.catalogue
  clients = {}
  for _, client in ipairs(known.clients) do
    clients[keyed_hash(client.key)] = client
  end
end

local function refuse(status, category, message)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print('{"status":"error","message":"', message, '","category":"', category, '"}')
  return ngx.exit(status)
end

-- Segment by segment through a tree; "*" stands for a parameter. Answers the operation and the object's name.
local function operation_of(method, path)
  local node, object, at = catalogue, nil, 2
  while at <= #path do
    local slash = find(path, "/", at, true) or #path + 1
    local segment = sub(path, at, slash - 1)
    if segment == "" or segment == "." or segment == ".." or find(segment, "%", 1, true) then return nil end
    local next_node = node[segment]
    if not next_node then
      next_node = node["*"]
      if not next_node then return nil end
      if next_node.is_object then object = segment end
    end
    node, at = next_node, slash + 1
  end
  return node.operations and node.operations[method], object
end

local function allowed(role, operation, object)
  local found
  for i = 1, #role do
    local rule = role[i]
    if (rule.any_object or rule.objects[object]) and rule.actions[operation.action] then
      if rule.denies then return false, rule.name end
      found = found or rule.name
    end
  end
  return found ~= nil, found or "no rule"
end

function M.decide()
  local var = ngx.var
  local authorization = var.http_authorization
  if not authorization or sub(authorization, 1, 7) ~= "Bearer " then
    return refuse(401, "UNAUTHENTICATED", "a client key is needed")
  end
  local client = clients[keyed_hash(sub(authorization, 8))]
  if not client then return refuse(401, "UNAUTHENTICATED", "this key is not known") end
  var.call_client, var.call_connection = client.name, client.connection
  local operation, object = operation_of(ngx.req.get_method(), var.uri)
  if not operation then return refuse(403, "OPERATION_UNKNOWN", "no such operation") end
  var.call_operation = operation.name
  local may, rule = allowed(roles[client.role], operation, object)
  var.call_rule = rule
  if not may then return refuse(403, "DENIED", "the role does not allow it") end
  var.call_decision = "allow"
  var.call_bearer = client.bearer
end

return M
