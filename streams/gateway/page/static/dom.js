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

// Keeps a list's elements by key: those that stay keep their focus and their state.
export function keyed(container, items, keyOf, create, update) {
  const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
  let at = container.firstElementChild;
  for (const item of items) {
    const key = String(keyOf(item));
    let element = old.get(key);
    old.delete(key);
    if (!element) {
      element = create(item);
      element.dataset.key = key;
    }
    if (element === at) at = at.nextElementSibling;
    else container.insertBefore(element, at);
    update(element, item);
  }
  for (const gone of old.values()) gone.remove();
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
