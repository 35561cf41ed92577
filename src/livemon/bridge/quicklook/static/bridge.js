// Requests to the bridge. Paths are relative, so that the page works behind any prefix.

const ANSWER_MS = 10_000;
const BUSY = 3; // a slow connection pauses this many times as long as a request took

// The JSON of a response, and the names of the nodes that did not contribute; an Error with a sentence otherwise.
export async function ask(path, signal = null) {
  const answer = await fetched(path, signal);
  const content = await answer.json().catch(() => { throw new Error(`the bridge's response is not JSON (HTTP ${answer.status})`); });
  // An appliance with problems responds with an error status, and its problems.
  if (!answer.ok && !content.problems) throw new Error(content.error || `the bridge answers HTTP ${answer.status}`);
  return { ...content, silent: silent(answer) };
}

// The bytes of a response, for a download.
export async function bytes(path) {
  const answer = await fetched(path, null, 20 * ANSWER_MS);
  if (!answer.ok) throw new Error((await answer.json().catch(() => ({}))).error || `the bridge answers HTTP ${answer.status}`);
  return { blob: await answer.blob(), silent: silent(answer), name: /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") || "")?.[1] };
}

export class Unreachable extends Error {}

async function fetched(path, signal, patience = ANSWER_MS) {
  const giveUp = new AbortController();
  const timer = setTimeout(() => giveUp.abort(), patience);
  signal?.addEventListener("abort", () => giveUp.abort());
  try {
    return await fetch(path, { signal: giveUp.signal, cache: "no-store" });
  } catch {
    throw new Unreachable("the bridge does not answer");
  } finally {
    clearTimeout(timer);
  }
}

const silent = (answer) => (answer.headers.get("X-Livemon-Silent") || "").split(",").filter(Boolean).map(decodeURIComponent);

// Repeat a job, `pause()` milliseconds apart, while the page is visible. Returns a function that runs it at once, and aborts a running one by
// its signal.
export function repeat(job, pause) {
  let timer = 0, current = null;
  async function run() {
    clearTimeout(timer);
    current?.abort();
    const mine = (current = new AbortController());
    const began = performance.now();
    if (!document.hidden) await job(mine.signal);
    if (current === mine) timer = setTimeout(run, Math.max(pause(), BUSY * (performance.now() - began)));
  }
  document.addEventListener("visibilitychange", () => { if (!document.hidden) run(); });
  return run;
}
