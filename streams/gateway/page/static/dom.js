// Elements from names, attributes and children; every text is text, never markup.

const SVG = "http://www.w3.org/2000/svg";

export function h(name, attributes = {}, ...children) {
  return fill(document.createElement(name), attributes, children);
}

export function svg(name, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, name), attributes, children);
}

function fill(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || (value === false && !key.startsWith("aria-"))) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true && !key.startsWith("aria-") ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

// Sets a text only where it has changed, so that nothing is laid out anew for nothing.
export function say(element, text) {
  const next = String(text);
  if (element.textContent !== next) element.textContent = next;
}

// Sets an attribute only where it has changed.
export function set(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

// Keeps a list's elements by key: those that stay keep their focus and their state. Of one key again
// each has its own.
export function keyed(container, items, keyOf, create, update) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  const times = new Map();
  const focused = container.contains(document.activeElement) ? document.activeElement : null;
  let at = container.firstElementChild;
  for (const item of items) {
    const name = String(keyOf(item));
    const n = times.get(name) ?? 0;
    times.set(name, n + 1);
    const key = n ? `${name} (${n + 1})` : name;
    let element = old.get(key);
    old.delete(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    // One that fell is moved, and not all that it stood before: what is moved is laid out anew.
    if (at && element === at.nextElementSibling) {
      container.append(at);
      at = element;
    }
    if (element === at) at = at.nextElementSibling;
    else container.insertBefore(element, at);
    update(element, item);
  }
  for (const gone of old.values()) gone.remove();
  if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
}

export function empty(title, text, command) {
  return h("div", { class: "empty" }, h("b", {}, title), text, command ? [h("br"), h("code", {}, command)] : []);
}

export function part(title, ...children) {
  return h("section", { class: "part" }, h("h2", {}, title), ...children);
}

let speaking = 0;

// Says a change to who cannot see it.
export function announce(text) {
  const said = document.getElementById("said");
  said.textContent = "";
  clearTimeout(speaking);
  speaking = setTimeout(() => { said.textContent = text; }, 60);
}
