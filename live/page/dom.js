/**
 * Building the page. Texts become text nodes and never markup, even if a client or a publisher chose markup
 * as a name.
 *
 * @module
 */

/** Returns the element with an id. */
export const $ = (id) => document.getElementById(id);

/**
 * Creates an element.
 *
 * @param {string} tag Its name.
 * @param {Record<string, unknown>} properties Properties; names with a dash, and `role`, are set as
 * attributes.
 * @param {...(Node | string)} children What it contains.
 */
export function element(tag, properties = {}, ...children) {
  const created = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.includes("-") || name === "role") created.setAttribute(name, value);
    else created[name] = value;
  }
  created.append(...children);
  return created;
}

const SVG = "http://www.w3.org/2000/svg";

/** Creates an SVG element with these attributes. */
export function shape(tag, attributes = {}, ...children) {
  const created = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) created.setAttribute(name, value);
  created.append(...children);
  return created;
}

/** Writes a text if it has changed, so that selections and screen readers are not disturbed. */
export function write(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Shows a message in the corner for a while. Screen readers announce it. */
export function say(text, isError = false) {
  const toast = element("p", { className: isError ? "toast error" : "toast" }, text);
  $("toasts").append(toast);
  setTimeout(() => toast.remove(), isError ? 12_000 : 6_000);
}

/**
 * Asks a question in a dialog; resolves to whether the answer was yes.
 *
 * The dialog's `close` event comes a frame later, when the next question may be open already. It must
 * not answer that one, so the answer is taken from the button and from Escape.
 */
export function confirm({ title, text, yes }) {
  const dialog = $("confirm");
  write(dialog.querySelector("h2"), title);
  write(dialog.querySelector("p"), text);
  write(dialog.querySelector("[value=yes]"), yes);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onsubmit = ({ submitter }) => resolve(submitter.value === "yes");
    dialog.oncancel = () => resolve(false);
  });
}
