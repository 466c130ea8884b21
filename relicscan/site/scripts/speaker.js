// The speaker's window: notes, what comes next, the clock and how far from the script one is.
import { written } from './cues.js';

const SOON_S = 30;

/** `of` gives {state, plan} as they are at this moment, `to(index)` goes to a step. */
export function createSpeaker(guide, { word, of, act }) {
  const section = document.getElementById('speaker');
  const part = (name) => section.querySelector(`[data-say="${name}"]`);
  const clock = (name) => section.querySelector(`[data-clock="${name}"]`);
  let about = null;
  section.hidden = false;

  /** What a place of the page says, with its marks of language. */
  const copied = (selector) => [...(document.querySelector(selector)?.childNodes ?? [])].map((node) => node.cloneNode(true));
  const title = (index) => copied(`[data-step="${index + 1}"] h2 a`);
  const make = (tag, className, ...children) => {
    const element = Object.assign(document.createElement(tag), { className });
    element.append(...children);
    return element;
  };

  function coming(index) {
    if (index >= guide.count) return [make('p', 'quiet', word('end_of_tour'))];
    const picture = make('img', '');
    Object.assign(picture, { alt: '', width: 300, height: 300, src: guide.relicOf(index).poster ?? '' });
    const words = make('div', '', make('p', 'quiet', word('next_step')), make('p', 'coming-title', ...title(index)),
      make('p', 'quiet', word('cue', { time: written(of().plan.cues[index]) })));
    return guide.relicOf(index).poster ? [picture, words] : [words];
  }

  function render() {
    const { at } = guide;
    const { state, plan } = of();
    part('number').textContent = word('step_of', { number: at + 1, count: guide.count });
    part('title').replaceChildren(...title(at));
    part('where').textContent = guide.relicOf(at).title;
    part('notes').replaceChildren(...copied(`#script tbody tr:nth-child(${at + 1}) td:last-child .part`));
    part('coming').replaceChildren(...coming(at + 1));
    part('steps').replaceChildren(...guide.steps.map((_, index) => {
      const button = make('button', '', make('span', 'cue', written(plan.cues[index])), make('span', '', ...title(index)));
      button.type = 'button';
      button.dataset.to = index;
      if (index === at) button.setAttribute('aria-current', 'step');
      return make('li', '', button);
    }));
    const list = part('steps');
    list.scrollTop = list.children[at].offsetTop - list.offsetTop - list.clientHeight / 3;
    for (const name of ['dark', 'laser']) pressed(name, Boolean(state[name]));
    if (about) document.getElementById('large-told').textContent = word(about);
    document.getElementById('large-link').href = `?present#step=${at + 1}`;
    tick();
  }

  const pressed = (name, on) => section.querySelector(`[data-present="${name}"]`).setAttribute('aria-pressed', String(on));

  function tick() {
    const { state, plan } = of();
    const now = Date.now();
    const passed = state.start ? (now - state.start) / 1000 : 0;
    const from = plan.cues[guide.at];
    const until = plan.cues[guide.at + 1] ?? plan.total;
    const set = (name, words) => { if (clock(name).textContent !== words) clock(name).textContent = words; };
    set('run', written(passed));
    set('day', new Date(now).toLocaleTimeString(document.documentElement.lang, { hour: '2-digit', minute: '2-digit' }));
    set('end', written(plan.total - passed));
    set('cue', word('cue', { time: written(from) }));
    const time = (seconds) => written(seconds, { short: true });
    const pace = passed > until + 0.5 ? 'behind' : passed < from - 0.5 ? 'ahead' : 'on_time';
    set('pace', word(pace, { time: time({ behind: passed - until, ahead: from - passed, on_time: until - passed }[pace]) }));
    clock('pace').dataset.pace = pace === 'on_time' && until - passed < SOON_S ? 'soon' : pace;
    pressed('title', now < (state.title ?? 0));
  }

  const clicked = ({ target }) => {
    const what = target.closest('[data-present]')?.dataset.present;
    const step = target.closest('[data-to]')?.dataset.to;
    if (what) act[what]();
    if (step) act.to(Number(step));
  };
  section.addEventListener('click', clicked);
  const timer = setInterval(tick, 250);
  return {
    render,
    /** What became of the large view, by its key. */
    tell(key) {
      about = key;
      document.getElementById('large-told').textContent = word(key);
    },
    close() {
      clearInterval(timer);
      section.removeEventListener('click', clicked);
      section.hidden = true;
    },
  };
}
