// When each step begins: cue times from the seconds of steps, stretched to the length of a
// livestream where one is given, and as times of the clock where it is known when it starts.

/** {cues: [seconds from the start], total} of steps [{seconds}]; `minutes` in all, or null. */
export function planned(steps, minutes) {
  const sum = steps.reduce((all, { seconds }) => all + seconds, 0);
  const total = minutes ? minutes * 60 : sum;
  let passed = 0;
  const cues = steps.map(({ seconds }) => {
    const cue = Math.round((passed / sum) * total);
    passed += seconds;
    return cue;
  });
  return { cues, total };
}

const two = (number) => String(number).padStart(2, '0');

/** Seconds as 1:02:03, short as 2:03 where there are no hours and none are wanted. */
export function written(seconds, { short = false } = {}) {
  const whole = Math.round(Math.abs(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return `${seconds <= -0.5 ? '−' : ''}${short && !h ? m : `${h}:${two(m)}`}:${two(s)}`;
}

/** The time of day `seconds` after "20:00", past midnight too. */
export function timeOfDay(start, seconds) {
  const [h, m] = start.split(':').map(Number);
  const whole = (((h * 60 + m) * 60 + seconds) % 86400 + 86400) % 86400;
  return [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map(two).join(':');
}

/** What of the plan was entered on this device: {start: "20:00" | "", minutes: number | null}. */
export function keptPlan(name) {
  const none = { start: '', minutes: null };
  try {
    const { start, minutes } = JSON.parse(localStorage.getItem(name) ?? '{}');
    return {
      start: /^([01]\d|2[0-3]):[0-5]\d$/.test(start) ? start : '',
      minutes: Number.isInteger(minutes) && minutes > 0 && minutes <= 1440 ? minutes : null,
    };
  } catch {
    return none;
  }
}

/** The table of the script with its form: times as they are entered, on paper and as a file. */
export function bindScript(details, name, steps) {
  let plan = keptPlan(name);
  const form = () => details.querySelector('form');

  function fill() {
    const { cues, total } = planned(steps, plan.minutes);
    const said = (seconds) => (plan.start ? timeOfDay(plan.start, seconds) : written(seconds));
    for (const part of details.querySelectorAll('[data-cue]')) {
      part.textContent = said(part.dataset.cue === 'end' ? total : cues[part.dataset.cue - 1]);
    }
    for (const part of details.querySelectorAll('[data-takes]')) {
      const i = part.dataset.takes - 1;
      part.textContent = written((cues[i + 1] ?? total) - cues[i], { short: true });
    }
  }

  function show() {
    const { start, minutes } = form().elements;
    form().hidden = false;
    start.value = plan.start;
    minutes.value = plan.minutes ?? '';
    minutes.placeholder = Math.round(planned(steps).total / 60);
    fill();
  }

  details.addEventListener('input', () => {
    const { start, minutes } = form().elements;
    plan = { start: start.value, minutes: minutes.validity.valid && minutes.value ? Number(minutes.value) : null };
    try {
      localStorage.setItem(name, JSON.stringify(plan));
    } catch {
      // It is asked for again next time.
    }
    fill();
  });
  details.addEventListener('submit', (event) => event.preventDefault());
  details.addEventListener('click', ({ target }) => {
    const what = target.closest('[data-script]')?.dataset.script;
    if (what === 'csv') save(details.querySelector('table'), `${name}.csv`);
    if (what === 'print') {
      document.documentElement.classList.add('only-script');
      addEventListener('afterprint', () => document.documentElement.classList.remove('only-script'), { once: true });
      print();
    }
  });
  show();
  return { show, get plan() { return { ...plan, ...planned(steps, plan.minutes) }; } };
}

function save(table, name) {
  const rows = [...table.rows].map((row) => [...row.querySelectorAll('.part')].map((part) => quoted(part.innerText.trim())).join(','));
  // The mark at the beginning tells Excel that this is UTF-8.
  const url = URL.createObjectURL(new Blob(['\ufeff', rows.join('\r\n'), '\r\n'], { type: 'text/csv' }));
  const link = Object.assign(document.createElement('a'), { href: url, download: name.split(' ').pop() });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A cell of RFC 4180 that no spreadsheet takes for a formula. */
const quoted = (text) => `"${(/^[=+\-@\t\r]/.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`;
