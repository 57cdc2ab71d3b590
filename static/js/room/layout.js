/** @file Where tiles go: pure arithmetic, no page. Lengths in CSS pixels. */

/**
 * @typedef {object} Layout
 * @property {number} width of one tile
 * @property {number} height of one tile
 * @property {number} perPage
 */

const WIDE = [16 / 9, 4 / 3];
const NARROW = [16 / 9, 4 / 3, 1];
const LARGEST = 1100;
const ALONE = 760;
const MOST = 25;

/**
 * The largest tiles that show `count` at once.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @param {number} gap
 */
function largest(count, width, height, gap) {
  let best = { width: 0, height: 0 };
  for (const ratio of width < 600 ? NARROW : WIDE) {
    for (let columns = 1; columns <= count; columns += 1) {
      const rows = Math.ceil(count / columns);
      const across = (width - gap * (columns - 1)) / columns;
      const down = (height - gap * (rows - 1)) / rows;
      const tile = Math.min(across, down * ratio, LARGEST);
      // a wider picture is preferred unless a squarer one is clearly larger
      const isLarger = (tile * tile) / ratio > best.width * best.height * 1.15;
      if (tile > 0 && isLarger) best = { width: tile, height: tile / ratio };
    }
  }
  return { width: Math.floor(best.width), height: Math.floor(best.height) };
}

/**
 * A grid of as many tiles as stay legible.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @returns {Layout}
 */
export function gridLayout(count, width, height) {
  const gap = width < 600 ? 8 : 12;
  const smallest = width < 600 ? 130 : 200;
  if (count === 1) {
    const only = largest(1, Math.min(width, ALONE), height, gap);
    return { ...only, perPage: 1 };
  }
  for (let shown = Math.min(Math.max(count, 1), MOST); ; shown -= 1) {
    const tile = largest(shown, width, height, gap);
    if (shown === 1 || tile.width >= smallest) return { ...tile, perPage: shown };
  }
}

/**
 * A strip beside what is looked at: down the side of a wide stage, along the foot of a tall one.
 * @param {number} count
 * @param {number} width
 * @param {number} height
 * @returns {Layout & {isTall: boolean}}
 */
export function stripLayout(count, width, height) {
  const isTall = width < height * 1.15;
  const gap = width < 600 ? 8 : 12;
  const length = isTall ? width : height;
  const share = (length + gap) / Math.max(1, count) - gap;
  // as many as there are people, between the smallest legible tile and what leaves room to look
  const wanted = isTall ? share : share * (16 / 9);
  const tile = isTall ? within(wanted, 104, 132) : within(wanted, 140, Math.min(220, width / 4.5));
  const tileHeight = tile / (16 / 9);
  const each = (isTall ? tile : tileHeight) + gap;
  return {
    width: Math.floor(tile),
    height: Math.floor(tileHeight),
    perPage: Math.max(1, Math.floor((length + gap + 1) / each)),
    isTall,
  };
}

/**
 * @param {number} value
 * @param {number} least
 * @param {number} most
 */
function within(value, least, most) {
  return Math.max(least, Math.min(most, value));
}
