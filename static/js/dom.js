/** @file Small, typed ways to find and make elements; nothing here knows what a page is about. */

/**
 * The element with that id; its absence is a bug in the template.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const found = document.getElementById(id);
  if (!(found instanceof kind)) throw new Error(`#${id} is not in the page`);
  return found;
}

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {{class?: string, text?: string, attrs?: Record<string, string>}} [more]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, more = {}, ...children) {
  const element = document.createElement(tag);
  if (more.class) element.className = more.class;
  if (more.text !== undefined) element.textContent = more.text;
  for (const [name, value] of Object.entries(more.attrs ?? {})) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/**
 * An icon of the sprite; always beside a text or under an aria-label.
 * @param {string} name
 */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", `${document.documentElement.dataset.icons}#${name}`);
  svg.append(use);
  return svg;
}

/**
 * A button with an icon and a name for those who do not see it.
 * @param {string} iconName
 * @param {string} label
 * @param {string} className
 */
export function iconButton(iconName, label, className) {
  return make(
    "button",
    { class: className, attrs: { type: "button", "aria-label": label, title: label } },
    icon(iconName),
  );
}

/**
 * Two letters for somebody whose face is not shown.
 * @param {string} name
 */
export function initials(name) {
  const words = name.trim().split(/[\s'’-]+/).filter(Boolean);
  const first = words[0] ?? "?";
  const last = words.length > 1 ? (words[words.length - 1] ?? "") : "";
  return ([...first][0] ?? "?").toUpperCase() + ([...last][0] ?? "").toUpperCase();
}

/**
 * One of eight warm tints, the same each time for the same person.
 * @param {string} identity
 */
export function tint(identity) {
  let sum = 0;
  for (const letter of identity) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 9973;
  return String(sum % 8);
}
