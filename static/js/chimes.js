/** @file The house's few sounds, made on the spot: a wooden knock, a door. Soft, and never in a crowd. */

import { preferences } from "./preferences.js";

/** In a room of more than this many, arrivals are silent. */
export const CROWD = 8;

/** @type {AudioContext | null} */
let context = null;

function audio() {
  context ??= new AudioContext();
  return context;
}

/**
 * One tap on wood: a short pitched thump under a breath of noise.
 * @param {AudioContext} on
 * @param {number} at seconds
 * @param {number} pitch hertz
 * @param {number} loudness 0 to 1
 */
function tap(on, at, pitch, loudness) {
  const tone = on.createOscillator();
  const gain = on.createGain();
  tone.type = "triangle";
  tone.frequency.setValueAtTime(pitch * 1.6, at);
  tone.frequency.exponentialRampToValueAtTime(pitch, at + 0.04);
  gain.gain.setValueAtTime(0.0001, at);
  gain.gain.exponentialRampToValueAtTime(loudness, at + 0.006);
  gain.gain.exponentialRampToValueAtTime(0.0001, at + 0.16);
  tone.connect(gain).connect(on.destination);
  tone.start(at);
  tone.stop(at + 0.2);
}

/** @param {[number, number, number][]} taps delay, pitch, loudness */
function play(taps) {
  const on = audio();
  if (on.state === "suspended") void on.resume();
  for (const [delay, pitch, loudness] of taps) tap(on, on.currentTime + delay, pitch, loudness);
}

/** @param {number} people */
export function knock(people) {
  if (!preferences.sounds || people > CROWD) return;
  play([
    [0, 190, 0.16],
    [0.15, 205, 0.12],
  ]);
}

/** @param {number} people */
export function door(people) {
  if (!preferences.sounds || people > CROWD) return;
  play([
    [0, 120, 0.12],
    [0.09, 84, 0.14],
  ]);
}

/**
 * Between two phases: one low bell, let ring.
 * @param {number} people
 */
export function bell(people) {
  if (!preferences.sounds || people > CROWD) return;
  const on = audio();
  if (on.state === "suspended") void on.resume();
  const at = on.currentTime;
  for (const [pitch, loudness, rings] of /** @type {[number, number, number][]} */ ([
    [523, 0.14, 1.8],
    [1046, 0.05, 1.1],
    [1569, 0.03, 0.6],
  ])) {
    const tone = on.createOscillator();
    const gain = on.createGain();
    tone.frequency.value = pitch;
    gain.gain.setValueAtTime(0.0001, at);
    gain.gain.exponentialRampToValueAtTime(loudness, at + 0.012);
    gain.gain.exponentialRampToValueAtTime(0.0001, at + rings);
    tone.connect(gain).connect(on.destination);
    tone.start(at);
    tone.stop(at + rings);
  }
}

/**
 * The speaker test: three rising notes, on the chosen output where the browser can.
 * @param {string} speakerId
 */
export async function testSpeaker(speakerId) {
  const on = /** @type {AudioContext & {setSinkId?: (id: string) => Promise<void>}} */ (
    new AudioContext()
  );
  if (speakerId && on.setSinkId) await on.setSinkId(speakerId).catch(() => undefined);
  for (const [index, pitch] of [262, 330, 392].entries()) {
    tap(on, on.currentTime + 0.05 + index * 0.22, pitch, 0.3);
  }
  window.setTimeout(() => void on.close(), 1500);
}
