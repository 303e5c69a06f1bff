// Tabs as screen readers know them: arrow keys move, the panel follows.
import { h } from './dom.js';

let number = 0;

/**
 * @param label what they are of
 * @param entries `[{id, text, panel, opened}]`; `opened` is called each time the panel is shown
 */
export function tabs(label, entries) {
  const prefix = `tabs-${++number}`;
  const list = h('div', { class: 'tabs', role: 'tablist', 'aria-label': label });
  const panels = entries.map(({ id, panel }) =>
    h('div', { id: `${prefix}-${id}`, class: 'panel', role: 'tabpanel', 'aria-labelledby': `${prefix}-${id}-tab`, 'data-test': `panel-${id}`, hidden: true }, panel));
  const buttons = entries.map(({ id, text }, at) =>
    h('button', {
      id: `${prefix}-${id}-tab`, type: 'button', role: 'tab', 'aria-controls': `${prefix}-${id}`, 'data-test': `tab-${id}`,
      on: {
        click: () => open(at),
        keydown: (event) => {
          const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: entries.length - 1 }[event.key];
          if (to === undefined) return;
          event.preventDefault();
          const next = (to + entries.length) % entries.length;
          open(next);
          buttons[next].focus();
        },
      },
    }, text));

  function open(at) {
    buttons.forEach((each, place) => {
      each.setAttribute('aria-selected', String(place === at));
      each.tabIndex = place === at ? 0 : -1;
      panels[place].hidden = place !== at;
    });
    entries[at].opened?.();
  }

  list.append(...buttons);
  open(0);
  return h('div', { class: 'tabbed' }, list, ...panels);
}
