// Makes the tokens and keys in this directory again, with Node's own crypto module and nothing else:
//
//     node tests/vectors/jwts/make.mjs
//
// The keys are TEST KEYS, published here and worth nothing. They are made once: those of keys.json are used again if
// it is there. `reason` is what edgemint's log says of a token that must not work; one without must.

import crypto from 'node:crypto'
import fs from 'node:fs'

const here = new URL('.', import.meta.url)
const ISSUER = 'https://login.example.com/'
const AUDIENCE = 'https://www.example.com'
const [PAST, FUTURE] = [1700000000, 4102444800] // 2023, 2100

function makeKeys() {
  const pem = (pair) => ({
    private: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    public: pair.publicKey.export({ type: 'spki', format: 'pem' }),
  })
  const ec = (namedCurve) => pem(crypto.generateKeyPairSync('ec', { namedCurve }))
  const rsa = (modulusLength) => pem(crypto.generateKeyPairSync('rsa', { modulusLength }))
  const keys = { es: ec('P-256'), es2: ec('P-256'), es384: ec('P-384'), rs: rsa(2048), rs1024: rsa(1024) }
  keys.ed = pem(crypto.generateKeyPairSync('ed25519'))
  return { note: 'TEST KEYS: published, worth nothing', keys }
}

const keysFile = new URL('keys.json', here)
if (!fs.existsSync(keysFile)) fs.writeFileSync(keysFile, JSON.stringify(makeKeys(), null, 1) + '\n')
const { keys } = JSON.parse(fs.readFileSync(keysFile))

const publicKey = (name) => crypto.createPublicKey(keys[name].public)
const jwk = (name, more = {}) => ({ ...publicKey(name).export({ format: 'jwk' }), ...more })
const encode = (text) => Buffer.from(text).toString('base64url')
const join = (header, claims, sign) => {
  const signed = `${encode(header)}.${encode(claims)}`
  return `${signed}.${sign(Buffer.from(signed)).toString('base64url')}`
}
const by = {
  ES256: (name = 'es') => (data) => crypto.sign('sha256', data, { key: keys[name].private, dsaEncoding: 'ieee-p1363' }),
  ES256DER: () => (data) => crypto.sign('sha256', data, keys.es.private),
  ES384: () => (data) => crypto.sign('sha384', data, { key: keys.es384.private, dsaEncoding: 'ieee-p1363' }),
  RS256: () => (data) => crypto.sign('sha256', data, keys.rs.private),
  RS512: () => (data) => crypto.sign('sha512', data, keys.rs.private),
  PS256: () => (data) =>
    crypto.sign('sha256', data, { key: keys.rs.private, padding: crypto.constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  EdDSA: () => (data) => crypto.sign(null, data, keys.ed.private),
  HS256: (secret) => (data) => crypto.createHmac('sha256', secret).update(data).digest(),
  nobody: () => () => Buffer.from('x'),
}

const base = {
  iss: ISSUER, aud: AUDIENCE, sub: 'listener-7', iat: PAST, nbf: PAST, exp: FUTURE, sid: 'session-7',
  app_metadata: { plan: 'gold', 'a/b': ['x'] },
}
const claims = (more = {}) => JSON.stringify({ ...base, ...more })
const header = (more = {}) => JSON.stringify({ alg: 'ES256', typ: 'JWT', kid: 'es', ...more })
const headed = (more) => join(header(more), claims(), by.ES256())
const claiming = (more) => join(header(), claims(more), by.ES256())
const raw = (text) => join(header(), text, by.ES256())
const good = headed({})
const [goodHeader, goodClaims, goodSignature] = good.split('.')
const attacker = jwk('es2')

const tokens = [
  // That must work.
  ['ES256', null, good],
  ['RS256', null, join(header({ alg: 'RS256', kid: 'rs' }), claims(), by.RS256())],
  ['EdDSA', null, join(header({ alg: 'EdDSA', kid: 'ed' }), claims(), by.EdDSA())],
  ['an access token', null, headed({ typ: 'at+jwt' })],
  ['an access token, its type in full', null, headed({ typ: 'application/at+jwt' })],
  ['without typ', null, headed({ typ: undefined })],
  ['for several', null, claiming({ aud: ['https://other.example', AUDIENCE] })],
  ['without iat, nbf and sid', null, claiming({ iat: undefined, nbf: undefined, sid: undefined })],
  // Shapes.
  ['no token', 'not_three_parts', 'token'],
  ['two parts', 'not_three_parts', `${goodHeader}.${goodClaims}`],
  ['no signature', 'not_three_parts', `${goodHeader}.${goodClaims}.`],
  ['five parts, as encrypted ones have', 'not_three_parts', `${good}.x.y`],
  ['too long', 'too_long', claiming({ more: 'x'.repeat(8192) })],
  ['padded', 'bad_encoding', `${good}=`],
  ['plain base64', 'bad_encoding', `${goodHeader}.${goodClaims}.+/${goodSignature.slice(2)}`],
  ['a header that is no object', 'malformed_header', join('[]', claims(), by.ES256())],
  ['a header that is no JSON', 'malformed_header', join('{', claims(), by.ES256())],
  ['no alg', 'malformed_header', headed({ alg: undefined })],
  ['alg is a list', 'malformed_header', headed({ alg: ['ES256'] })],
  ['claims that are no object', 'malformed_claims', raw('"claims"')],
  ['alg twice', 'duplicate_member', join('{"alg":"none","alg":"ES256","kid":"es"}', claims(), by.ES256())],
  ['sub twice', 'duplicate_member', raw(`${claims().slice(0, -1)},"sub":"somebody-else"}`)],
  ['a member twice, further down', 'duplicate_member', raw(`${claims().slice(0, -1)},"more":{"a":1,"a":2}}`)],
  // Algorithms and keys of the token's own choice.
  ['none', 'wrong_algorithm', join(header({ alg: 'none' }), claims(), by.nobody())],
  ['None', 'wrong_algorithm', join(header({ alg: 'None' }), claims(), by.nobody())],
  ['the public key as a secret, as PEM', 'wrong_algorithm', join(header({ alg: 'HS256' }), claims(), by.HS256(keys.es.public))],
  ['the public key as a secret, as JWK', 'wrong_algorithm', join(header({ alg: 'HS256' }), claims(), by.HS256(JSON.stringify(jwk('es'))))],
  ['the RSA public key as a secret', 'wrong_algorithm', join(header({ alg: 'HS256', kid: 'rs' }), claims(), by.HS256(keys.rs.public))],
  ['an empty secret', 'wrong_algorithm', join(header({ alg: 'HS256' }), claims(), by.HS256(''))],
  ['another algorithm of the same key', 'wrong_algorithm', join(header({ alg: 'RS512', kid: 'rs' }), claims(), by.RS512())],
  ['PSS by the same key', 'wrong_algorithm', join(header({ alg: 'PS256', kid: 'rs' }), claims(), by.PS256())],
  ['RSA under the id of an EC key', 'wrong_algorithm', join(header({ alg: 'RS256' }), claims(), by.RS256())],
  ['another curve', 'wrong_algorithm', join(header({ alg: 'ES384' }), claims(), by.ES384())],
  ['lower case', 'wrong_algorithm', headed({ alg: 'es256' })],
  ['PSS said to be PKCS #1', 'bad_signature', join(header({ alg: 'RS256', kid: 'rs' }), claims(), by.PS256())],
  ['no kid', 'missing_key_id', headed({ kid: undefined })],
  ['a kid that is no text', 'malformed_header', headed({ kid: 7 })],
  ['a kid that is a path', 'unknown_key', headed({ kid: '../../../../dev/null' })],
  ['a kid in another case', 'unknown_key', headed({ kid: 'ES' })],
  ['a key of a set that is left out', 'unknown_key', headed({ kid: 'enc' })],
  ['a key in the token', 'embedded_key', join(header({ jwk: attacker }), claims(), by.ES256('es2'))],
  ['a key set in the token', 'embedded_key', join(header({ jku: 'https://evil.example/jwks.json' }), claims(), by.ES256('es2'))],
  ['a certificate in the token', 'embedded_key', join(header({ x5c: ['MIIB'] }), claims(), by.ES256('es2'))],
  ['a certificate elsewhere', 'embedded_key', join(header({ x5u: 'https://evil.example/' }), claims(), by.ES256('es2'))],
  ['an extension', 'critical_header', headed({ crit: ['exp'], exp: FUTURE })],
  ['an empty list of extensions', 'critical_header', headed({ crit: [] })],
  ['claims that are not encoded', 'encoded_payload', headed({ b64: false })],
  ['compressed claims', 'encoded_payload', headed({ zip: 'DEF' })],
  ['a logout token', 'wrong_token_type', headed({ typ: 'logout+jwt' })],
  ['a DPoP proof', 'wrong_token_type', headed({ typ: 'dpop+jwt' })],
  ['typ is no text', 'wrong_token_type', headed({ typ: null })],
  // Signatures.
  ['by another key', 'bad_signature', join(header(), claims(), by.ES256('es2'))],
  ['a signature in DER', 'bad_signature', join(header(), claims(), by.ES256DER())],
  ['a signature of zeros', 'bad_signature', `${goodHeader}.${goodClaims}.${encode(Buffer.alloc(64))}`],
  ['half a signature', 'bad_signature', `${goodHeader}.${goodClaims}.${goodSignature.slice(0, 40)}`],
  ['the claims of another', 'bad_signature', `${goodHeader}.${encode(claims({ sub: 'somebody-else' }))}.${goodSignature}`],
  ['the header of another', 'bad_signature', `${encode(header({ typ: 'at+jwt' }))}.${goodClaims}.${goodSignature}`],
  // Claims.
  ['no iss', 'missing_claim', claiming({ iss: undefined })],
  ['another iss', 'wrong_issuer', claiming({ iss: 'https://login.example.com' })],
  ['a list of iss', 'malformed_claim', claiming({ iss: [ISSUER] })],
  ['no aud', 'missing_claim', claiming({ aud: undefined })],
  ['another aud', 'wrong_audience', claiming({ aud: 'https://other.example' })],
  ['other auds', 'wrong_audience', claiming({ aud: ['https://other.example', 'https://www.example.com/'] })],
  ['an empty list of aud', 'wrong_audience', claiming({ aud: [] })],
  ['aud is a number', 'malformed_claim', claiming({ aud: 7 })],
  ['no exp', 'missing_claim', claiming({ exp: undefined })],
  ['expired', 'expired', claiming({ exp: PAST + 1 })],
  ['exp is 0', 'expired', claiming({ exp: 0 })],
  ['exp is text', 'malformed_claim', claiming({ exp: String(FUTURE) })],
  ['exp is negative', 'malformed_claim', claiming({ exp: -1 })],
  ['exp is beyond all numbers', 'malformed_claim', raw(claims().replace(String(FUTURE), '1e300'))],
  ['not yet', 'not_yet_valid', claiming({ nbf: FUTURE })],
  ['nbf is text', 'malformed_claim', claiming({ nbf: 'now' })],
  ['made in the future', 'issued_in_future', claiming({ iat: FUTURE })],
  ['iat is null', 'malformed_claim', claiming({ iat: null })],
  ['no sub', 'missing_claim', claiming({ sub: undefined })],
  ['sub is null', 'missing_claim', claiming({ sub: null })],
  ['an empty sub', 'malformed_claim', claiming({ sub: '' })],
  ['sub is a list', 'malformed_claim', claiming({ sub: ['listener-7'] })],
  ['a sub that forges a line of the log', 'malformed_claim', claiming({ sub: 'a\n{"level":"INFO"}' })],
  ['a sub of 257 bytes', 'malformed_claim', claiming({ sub: 'a'.repeat(257) })],
  ['a sid that is no text', 'malformed_claim', claiming({ sid: { id: 7 } })],
  ['a sid of 257 bytes', 'malformed_claim', claiming({ sid: 's'.repeat(257) })],
].map(([name, reason, token]) => ({ name, reason, token }))

const privateEs2 = crypto.createPrivateKey(keys.es2.private).export({ format: 'jwk' })
const sets = {
  // Three that can be used, among others that cannot.
  good: {
    keys: [
      jwk('rs', { kid: 'rs', alg: 'RS256', use: 'sig' }),
      jwk('rs', { kid: 'enc', alg: 'RSA-OAEP', use: 'enc' }),
      jwk('es', { kid: 'es', alg: 'ES256', use: 'sig', key_ops: ['verify'] }),
      jwk('ed', { kid: 'ed' }),
      jwk('es384', { kid: 'es384' }),
      { kty: 'oct', kid: 'oct', k: encode('a secret that everybody can read....') },
    ],
  },
  rotated: { keys: [jwk('es2', { kid: 'es2', alg: 'ES256' }), jwk('ed', { kid: 'ed' })] },
  // None that can be used, each for the reason that the log gives a part of.
  unusable: [
    ['a private key', jwk('es2', { d: privateEs2.d, kid: 'k' })],
    ['a private key', { kty: 'oct', k: encode('a secret that everybody can read....'), kid: 'k' }],
    ['`use` is not `sig`', jwk('es', { use: 'enc', kid: 'k' })],
    ['do not list `verify`', jwk('es', { key_ops: ['sign'], kid: 'k' })],
    ['do not list `verify`', jwk('es', { key_ops: 'verify', kid: 'k' })],
    ['`alg` is not', jwk('es', { alg: 'ES384', kid: 'k' })],
    ['`alg` is not', jwk('rs', { alg: 'PS256', kid: 'k' })],
    ['`alg` is not', jwk('rs', { alg: 'HS256', kid: 'k' })],
    ['not those of', jwk('es384', { kid: 'k' })],
    ['not those of', { ...jwk('es'), crv: 'secp256k1', kid: 'k' }],
    ['fewer than 2048 bits', jwk('rs1024', { kid: 'k' })],
    ['no point of its curve', { ...jwk('es'), y: jwk('es').x, kid: 'k' }],
    ['not 32 bytes', { ...jwk('es'), x: encode(Buffer.alloc(31, 1)), kid: 'k' }],
    ['is missing', { ...jwk('es'), y: undefined, kid: 'k' }],
    ['not base64url', { ...jwk('ed'), x: '+'.repeat(43), kid: 'k' }],
    ['its `kid`', jwk('es', { kid: '' })],
    ['its `kid`', jwk('es', { kid: 7 })],
  ].map(([reason, key]) => ({ reason, key })),
}

const made = { issuer: ISSUER, audience: AUDIENCE, sets, tokens }
made.rotated = join(header({ kid: 'es2' }), claims(), by.ES256('es2'))
fs.writeFileSync(new URL('jwts.json', here), JSON.stringify(made, null, 1) + '\n')
