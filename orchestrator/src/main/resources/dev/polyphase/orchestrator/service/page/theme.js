// Light, dark, or as the system says; the switch goes through the three.

const key = 'polyphase.theme';
const order = ['system', 'light', 'dark'];
const words = {
  system: ['◐', 'Theme: as the system'],
  light: ['○', 'Theme: light'],
  dark: ['●', 'Theme: dark'],
};
const listeners = new Set();
const system = matchMedia('(prefers-color-scheme: dark)');

function chosen() {
  return document.documentElement.dataset.theme ?? 'system';
}

function show(button) {
  const [glyph, text] = words[chosen()];
  button.textContent = glyph;
  button.title = `${text} (click to change)`;
  button.setAttribute('aria-label', text);
}

/** Calls `listener` whenever colours change: what is drawn on a canvas must be drawn anew. */
export function onThemeChange(listener, signal) {
  listeners.add(listener);
  signal.addEventListener('abort', () => listeners.delete(listener));
}

/** The value of a custom property of the style sheets, as `--ink`. */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

export function startTheme(button) {
  show(button);
  button.addEventListener('click', () => {
    const next = order[(order.indexOf(chosen()) + 1) % order.length];
    if (next === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(key, next);
    } catch {
      // Kept for this visit only.
    }
    show(button);
    listeners.forEach((listener) => listener());
  });
  system.addEventListener('change', () => listeners.forEach((listener) => listener()));
}
