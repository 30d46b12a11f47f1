-- Verifies a JSON Web Token with OpenSSL, for nginx: it has nothing of its own for that.
local ffi = require "ffi"
local json = require "cjson.safe"

ffi.cdef [[
  const void *EVP_sha256(void);
  unsigned char *HMAC(const void *md, const void *key, int key_len, const unsigned char *data, size_t len, unsigned char *out, unsigned int *out_len);
  void *BIO_new_mem_buf(const void *data, int len);
  void *PEM_read_bio_PUBKEY(void *bio, void *key, void *callback, void *user);
  void *EVP_MD_CTX_new(void);
  int EVP_MD_CTX_reset(void *context);
  int EVP_DigestVerifyInit(void *context, void *key_context, const void *md, void *engine, void *key);
  int EVP_DigestVerify(void *context, const unsigned char *signature, size_t signature_len, const unsigned char *data, size_t len);
]]
local crypto = ffi.load("libcrypto.so.3")
local mac, mac_length = ffi.new("unsigned char[64]"), ffi.new("unsigned int[1]")

local Verifier = {}
Verifier.__index = Verifier

local function new(algorithm, key_file, issuer, audience, scope)
  local file = assert(io.open(key_file))
  local key = file:read("*a")
  file:close()
  local verifier = { algorithm = algorithm, issuer = issuer, audience = audience, scope = " " .. scope .. " ", secret = key }
  if algorithm ~= "HS256" then
    verifier.key = crypto.PEM_read_bio_PUBKEY(crypto.BIO_new_mem_buf(key, #key), nil, nil, nil)
    verifier.context = crypto.EVP_MD_CTX_new()
  end
  return setmetatable(verifier, Verifier)
end

local function decoded(text)
  text = text:gsub("-", "+"):gsub("_", "/")
  return ngx.decode_base64(text .. ("="):rep(-#text % 4))
end

-- OpenSSL takes the two numbers of a signature by an elliptic curve as DER only.
local function der(signature)
  local function whole(bytes)
    bytes = bytes:gsub("^%z+", "")
    if bytes == "" or bytes:byte() >= 128 then bytes = "\0" .. bytes end
    return "\2" .. string.char(#bytes) .. bytes
  end
  local numbers = whole(signature:sub(1, 32)) .. whole(signature:sub(33))
  return "\48" .. string.char(#numbers) .. numbers
end

function Verifier:signed(input, signature)
  if self.algorithm == "HS256" then
    crypto.HMAC(crypto.EVP_sha256(), self.secret, #self.secret, input, #input, mac, mac_length)
    return ffi.string(mac, 32) == signature
  end
  if self.algorithm == "ES256" then
    if #signature ~= 64 then return false end
    signature = der(signature)
  end
  crypto.EVP_MD_CTX_reset(self.context)
  return crypto.EVP_DigestVerifyInit(self.context, nil, crypto.EVP_sha256(), nil, self.key) == 1
    and crypto.EVP_DigestVerify(self.context, signature, #signature, input, #input) == 1
end

local function refuse(status, code)
  ngx.status = status
  ngx.header["Content-Type"] = "application/json"
  ngx.print('{"code":"' .. code .. '"}')
  return ngx.exit(status)
end

function Verifier:check()
  local header, payload, signature = (ngx.var.http_authorization or ""):match("^Bearer ([%w_-]+)%.([%w_-]+)%.([%w_-]+)$")
  if not header then return refuse(401, "unauthorized") end
  local head, claims, bytes = json.decode(decoded(header) or ""), json.decode(decoded(payload) or ""), decoded(signature)
  if not (head and claims and bytes and head.alg == self.algorithm and self:signed(header .. "." .. payload, bytes)) then
    return refuse(401, "unauthorized")
  end
  if claims.iss ~= self.issuer or claims.aud ~= self.audience or not claims.exp or claims.exp < ngx.time() then
    return refuse(401, "unauthorized")
  end
  if not (" " .. (claims.scope or "") .. " "):find(self.scope, 1, true) then return refuse(403, "forbidden") end
  ngx.var.subject = claims.sub
end

return { new = new }
