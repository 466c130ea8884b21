// What the windows of a presentation share: one small state, and messages that pass.
//
// The state has a sequence number, which follows the clock; the newest wins, whoever made it. A window that opens or is
// loaded again asks for it, and one that is told an older state answers with its own. A window also
// keeps the state for the time when it is the only one and is loaded again.

const newer = (a, b) => a.seq - b.seq || Number(a.by > b.by) - Number(a.by < b.by);

/** `changed(state, before)` tells that another window changed the state, `heard(message)` what
 * else one said. */
export function openChannel(name, { changed, heard }) {
  const line = new BroadcastChannel(name);
  const by = Math.random().toString(36).slice(2);
  let state = { seq: 0, by, ...kept(name) };

  function take(next) {
    state = next;
    try {
      sessionStorage.setItem(name, JSON.stringify(state));
    } catch {
      // Then it is known only while one window is open.
    }
  }
  line.onmessage = ({ data }) => {
    if (data.kind === 'hello' && state.seq) line.postMessage({ kind: 'state', state });
    if (data.kind !== 'state') return heard(data);
    const order = newer(data.state, state);
    if (order < 0) line.postMessage({ kind: 'state', state });
    if (order <= 0) return null;
    const before = state;
    take(data.state);
    return changed(state, before);
  };
  line.postMessage({ kind: 'hello' });

  return {
    get state() { return state; },
    set(change) {
      take({ ...state, ...change, seq: Math.max(state.seq + 1, Date.now()), by });
      line.postMessage({ kind: 'state', state });
    },
    send: (message) => line.postMessage(message),
    /** Nothing is kept of it. */
    end() {
      line.close();
      try {
        sessionStorage.removeItem(name);
      } catch {
        // Nothing was kept.
      }
    },
  };
}

function kept(name) {
  try {
    const state = JSON.parse(sessionStorage.getItem(name) ?? 'null');
    return Number.isInteger(state?.seq) ? state : {};
  } catch {
    return {};
  }
}
