// The green and red figure of a run, as a picture: an `<img>` runs no script and shows nothing
// outside itself, whatever a module is called.
import { url } from './api.js';
import { h } from './dom.js';

export class Figure {
  constructor(id, name, signal) {
    this.id = id;
    this.name = name;
    this.signal = signal;
    this.shown = null;
    this.image = h('img', { id: 'figure', class: 'figure-image', alt: `Which modules each phase of ${name} trains`, 'data-test': 'figure', hidden: true, decoding: 'async' });
    this.note = h('p', { class: 'faint empty' }, 'The figure begins when the first phase has chosen its modules.');
    this.element = h('div', { class: 'figure-scroll', tabindex: '0', role: 'region', 'aria-label': 'Figure of trained and frozen modules' }, this.image, this.note);
  }

  /** Shows the state with this tag; the one before stays until the new one is there. */
  show(etag, tries = 0) {
    this.wanted = etag;
    if (this.shown === etag) return;
    const next = new Image();
    next.onload = () => {
      if (this.wanted !== etag || this.signal.aborted) return;
      this.shown = etag;
      this.image.src = next.src;
      this.image.dataset.etag = etag ?? '';
      this.image.hidden = false;
      this.note.hidden = true;
    };
    next.onerror = () => {
      if (this.wanted !== etag || this.signal.aborted || tries > 4) return;
      setTimeout(() => this.wanted === etag && this.show(etag, tries + 1), 1000 * 2 ** tries);
    };
    next.src = url(`runs/${encodeURIComponent(this.id)}/figure.svg`, { etag });
  }
}
