// Figures and times as people read them.

const minus = '−';

/** A figure in about four digits; `—` where there is none. */
export function figure(value) {
  if (value === null || value === undefined || value === '') return '—';
  if (typeof value !== 'number') return String(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : `${minus}∞`;
  const size = Math.abs(value);
  let text;
  if (value === 0) text = '0';
  else if (size >= 1e6) text = `${trim((value / 1e6).toFixed(2))} M`;
  else if (size >= 1e4) text = grouped(Math.round(value));
  else if (Number.isInteger(value)) text = String(value);
  else if (size >= 1000) text = value.toFixed(0);
  else if (size >= 100) text = value.toFixed(1);
  else if (size >= 10) text = value.toFixed(2);
  else if (size >= 1) text = value.toFixed(3);
  else if (size >= 1e-3) text = trim(value.toPrecision(4));
  else text = value.toExponential(2).replace('e-', `e${minus}`);
  return text.startsWith('-') ? minus + text.slice(1) : text;
}

function trim(text) {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A whole number with thousands set apart. */
export function grouped(value) {
  return value === null || value === undefined ? '—' : Number(value).toLocaleString('en-US');
}

/** A number of values or tokens: 249.9 K, 1.24 B. */
export function amount(value) {
  if (value === null || value === undefined) return '—';
  for (const [size, unit] of [[1e12, ' T'], [1e9, ' B'], [1e6, ' M'], [1e4, ' K']]) {
    if (value >= size) return `${(value / (unit === ' K' ? 1e3 : size)).toPrecision(4).replace(/\.?0+$/, '')}${unit}`;
  }
  return grouped(value);
}

export function bytes(value) {
  if (value === null || value === undefined) return '—';
  const units = ['B', 'KB', 'MB', 'GB', 'TB', 'PB'];
  let unit = 0;
  let rest = value;
  while (rest >= 1000 && unit < units.length - 1) {
    rest /= 1000;
    unit++;
  }
  return `${unit === 0 || rest >= 100 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}

/** A span of seconds in its two largest units. */
export function duration(seconds) {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return '—';
  const all = Math.max(0, Math.round(seconds));
  if (all < 60) return `${all} s`;
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return minutes < 10 ? `${minutes} min ${all % 60} s` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export function percent(share) {
  return share === null || share === undefined ? '—' : `${(100 * share).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** How many of what, as `1 phase` and `3 phases`. */
export function count(number, word) {
  return `${grouped(number)} ${word}${number === 1 ? '' : 's'}`;
}
