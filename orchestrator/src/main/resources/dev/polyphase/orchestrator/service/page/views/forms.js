// Fields with labels, and drafts: what was typed outlives a reload, a lost network and a login.
import { h } from '../dom.js';

/** A labelled control with a sentence of help. */
export function field(label, control, help) {
  const id = help ? `${control.id}-help` : null;
  if (id) control.setAttribute('aria-describedby', id);
  return h('div', { class: 'field' }, h('label', { for: control.id }, label), control, help ? h('small', { id }, help) : null);
}

/** Puts back what was typed into this form before, and keeps what is typed from now on. */
export function draft(name, form, signal) {
  const key = `polyphase.draft.${name}`;
  try {
    const kept = JSON.parse(sessionStorage.getItem(key)) ?? {};
    for (const control of form.elements) {
      if (!(control.name in kept)) continue;
      if (control.type === 'radio') control.checked = kept[control.name] === control.value;
      else if (control.tagName !== 'SELECT') control.value = kept[control.name];
    }
  } catch {
    // Nothing was kept.
  }
  form.addEventListener('input', () => {
    try {
      sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(new FormData(form))));
    } catch {
      // Without storage the form itself is all there is.
    }
  }, { signal });
}

/** Forgets a draft that was sent. */
export function forgetDraft(name) {
  try {
    sessionStorage.removeItem(`polyphase.draft.${name}`);
  } catch {
    // There was none.
  }
}
