/** Who a request is from: an API key, or a JWT signed with the project's secret. */
import { errors, jwtVerify } from "jose";

export class TokenError extends Error {
  /** @param {string} code as Realtime names it, such as "MalformedJWT" */
  constructor(code, message) {
    super(message);
    this.code = code;
  }

  /** The form in which a join is refused. */
  get reason() {
    return `${this.code}: ${this.message}`;
  }
}

/** @typedef {{role: string, claims: object, expiresAt: number | null}} Identity seconds since 1970 */

export class Identities {
  #keys;
  #secret;

  constructor({ publishable, secret, jwt_secret }) {
    this.#keys = new Map([
      [publishable, identity({ role: "anon" })],
      [secret, identity({ role: "service_role" })],
    ]);
    this.#secret = new TextEncoder().encode(jwt_secret);
  }

  /**
   * @param {string | null} apikey an `sb_` key, or a JWT of the legacy kind
   * @throws {TokenError} when it is neither
   */
  async ofKey(apikey) {
    const known = this.#keys.get(apikey);
    if (known) return known;
    if (!apikey || apikey.startsWith("sb_"))
      throw new TokenError("Unauthorized", "Invalid API key");
    return this.ofToken(apikey);
  }

  /** @throws {TokenError} */
  async ofToken(token) {
    const claims = await this.#verify(token);
    if (typeof claims.role !== "string" || typeof claims.exp !== "number")
      throw new TokenError("InvalidJWTToken", "Fields `role` and `exp` are required in JWT");
    return identity(claims);
  }

  async #verify(token) {
    try {
      const { payload } = await jwtVerify(token, this.#secret, { algorithms: ["HS256"] });
      return payload;
    } catch (error) {
      throw translate(error);
    }
  }
}

function identity(claims) {
  return { role: claims.role, claims, expiresAt: claims.exp ?? null };
}

function translate(error) {
  if (error instanceof errors.JWTExpired) return expired(error.payload.exp);
  if (error instanceof errors.JWSSignatureVerificationFailed)
    return new TokenError("JwtSignatureError", "Failed to validate JWT signature");
  return new TokenError("MalformedJWT", "The token provided is not a valid JWT");
}

/** @param {number} expiresAt seconds since 1970 */
export function expired(expiresAt) {
  const seconds = Math.max(0, Math.floor(Date.now() / 1000 - expiresAt));
  return new TokenError("InvalidJWTExpiration", `Token has expired ${seconds} seconds ago`);
}
