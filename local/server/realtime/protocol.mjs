/** Phoenix frames in both versions: 1.0.0 is an object, 2.0.0 (what supabase-js speaks) an array. */

/** @typedef {{joinRef: string | null, ref: string | null, topic: string, event: string, payload: any}} Message */

export const VERSIONS = ["1.0.0", "2.0.0"];

/**
 * @param {string} version
 * @param {string} text
 * @returns {Message}
 * @throws {SyntaxError} when the text is no frame of that version
 */
export function decode(version, text) {
  const frame = JSON.parse(text);
  const message = version === "2.0.0" ? fromArray(frame) : fromObject(frame);
  if (typeof message.topic !== "string" || typeof message.event !== "string")
    throw new SyntaxError("a frame needs a topic and an event");
  return message;
}

function fromArray(frame) {
  if (!Array.isArray(frame)) throw new SyntaxError("a frame of version 2.0.0 is an array");
  const [joinRef = null, ref = null, topic, event, payload] = frame;
  return { joinRef, ref, topic, event, payload: payload ?? {} };
}

function fromObject(frame) {
  if (frame === null || typeof frame !== "object" || Array.isArray(frame))
    throw new SyntaxError("a frame of version 1.0.0 is an object");
  const { join_ref: joinRef = null, ref = null, topic, event, payload } = frame;
  return { joinRef, ref, topic, event, payload: payload ?? {} };
}

/**
 * @param {string} version
 * @param {{joinRef?: string | null, ref?: string | null, topic: string, event: string}} head
 * @param {string} payload JSON text: a record's numbers must not pass through a JavaScript number
 */
export function encode(version, { joinRef = null, ref = null, topic, event }, payload) {
  if (version === "2.0.0")
    return `[${[joinRef, ref, topic, event].map((field) => JSON.stringify(field)).join(",")},${payload}]`;
  // realtime-py drops a frame that lacks any of the four keys.
  const rest = JSON.stringify({ topic, event, ref }).slice(1);
  return `{"payload":${payload},${rest}`;
}

/** @returns {string} the payload of a `phx_reply` */
export function reply(status, response) {
  return JSON.stringify({ status, response });
}

/** @returns {string} the payload of a `system` message; `channel` is the topic without its prefix */
export function system(extension, status, message, topic) {
  return JSON.stringify({ extension, status, message, channel: topic.replace(/^realtime:/, "") });
}
