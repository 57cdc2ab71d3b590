/** @file What this device remembers: choices only, never content. Works without storage, for one visit. */

/**
 * @typedef {object} Preferences
 * @property {string} name
 * @property {boolean} camera as it was last time
 * @property {string} microphoneId
 * @property {string} cameraId
 * @property {string} speakerId
 * @property {boolean} skipGreenRoom
 * @property {boolean} sounds
 * @property {boolean} shortcuts
 * @property {boolean} hideSelf
 * @property {string} note what one is working on
 */

const KEY = "moulin.preferences";

/** @type {Preferences} */
const defaults = {
  name: "",
  camera: false,
  microphoneId: "",
  cameraId: "",
  speakerId: "",
  skipGreenRoom: false,
  sounds: true,
  shortcuts: true,
  hideSelf: false,
  note: "",
};

/** @returns {Preferences} */
function load() {
  try {
    return { ...defaults, ...JSON.parse(localStorage.getItem(KEY) ?? "{}") };
  } catch {
    return { ...defaults };
  }
}

export const preferences = load();

/** @param {Partial<Preferences>} changes */
export function remember(changes) {
  Object.assign(preferences, changes);
  try {
    localStorage.setItem(KEY, JSON.stringify(preferences));
  } catch {
    // a private window may refuse: the choice lives as long as the page
  }
}
