// Elements, made of text alone: whatever the node sends (names, messages, lines of a log) goes in
// by textContent, so that markup in it stays text.

/**
 * An element.
 *
 * `props`: `class`, `dataset`, `on` (listeners by event), `css` (custom and other properties, set by
 * the CSSOM as the content security policy wants it); anything else is an attribute, left out where
 * it is null, undefined or false. Children are nodes or texts; null and false are left out.
 */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name === 'dataset') Object.assign(element.dataset, value);
    else if (name === 'on') for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else if (name === 'css') for (const [key, entry] of Object.entries(value)) element.style.setProperty(key, entry);
    else if (value === true) element.setAttribute(name, '');
    else if (value !== null && value !== undefined && value !== false) element.setAttribute(name, value);
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children) {
    if (Array.isArray(child)) add(element, child);
    else if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/** Sets a text where it differs: a node that stays is not announced, selected or painted anew. */
export function setText(element, text) {
  const value = text === null || text === undefined ? '' : String(text);
  if (element.textContent !== value) element.textContent = value;
}

/** Sets or takes away an attribute where it differs. */
export function setAttr(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

export function replace(parent, ...children) {
  parent.replaceChildren();
  add(parent, children);
}

/** Replaces what is in `parent` by what `make` makes where `data`, which it is made of, is other than last time. */
export function replaceOther(parent, data, make) {
  const text = JSON.stringify(data);
  if (parent.madeOf === text) return;
  parent.madeOf = text;
  replace(parent, make());
}

/**
 * Shows `items` as children of `parent`, one a key. A child whose key stays is kept and only
 * updated, so that focus, a checked box and a typed text outlive new data.
 */
export function keyed(parent, items, keyOf, create, update) {
  const known = parent.keyedChildren ?? (parent.keyedChildren = new Map());
  const gone = new Set(known.keys());
  let place = parent.firstChild;
  for (const item of items) {
    const key = String(keyOf(item));
    gone.delete(key);
    let child = known.get(key);
    if (!child) {
      child = create(item);
      known.set(key, child);
    }
    update(child, item);
    if (child === place) place = place.nextSibling;
    else parent.insertBefore(child, place);
  }
  for (const key of gone) {
    known.get(key).remove();
    known.delete(key);
  }
}

const due = new Map();

/**
 * Runs `work` before the next picture, once however often it is asked for under the same key. A tab
 * that is hidden has no next picture until it is seen.
 */
export function frame(key, work) {
  if (due.size === 0) requestAnimationFrame(flush);
  due.set(key, work);
}

function flush() {
  const works = [...due.values()];
  due.clear();
  for (const work of works) work();
}

/** Calls `work` every `milliseconds` until the view is left; not while the tab is hidden. */
export function every(milliseconds, work, signal) {
  const timer = setInterval(() => !document.hidden && work(), milliseconds);
  signal.addEventListener('abort', () => clearInterval(timer));
}

/** A button that can't be pressed twice: it rests while `action` runs. */
export function button(text, action, props = {}) {
  const element = h('button', { type: 'button', class: 'button', ...props }, text);
  element.addEventListener('click', async () => {
    if (element.getAttribute('aria-disabled') === 'true') return;
    element.setAttribute('aria-disabled', 'true');
    try {
      await action(element);
    } finally {
      element.removeAttribute('aria-disabled');
    }
  });
  return element;
}
