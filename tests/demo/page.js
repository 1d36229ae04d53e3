/**
 * The demo's page: logs in, connects, and puts what arrives on the track and into the panels.
 *
 * @module
 */

import { createWatchedSocket, reasonOf } from "./frames.js";
import { Inspector } from "./inspector.js";
import { Line } from "./line.js";
import { Counter, FrameLog, Leaderboard, write } from "./panel.js";
import { Latencies, Plot } from "./plot.js";
import { TrackView } from "./track.js";

const $ = (id) => document.getElementById(id);

const info = await (await fetch("/demo.json")).json();
const listener = `${location.hostname}:${info.livePort}`;
const { connect } = await import(`http://${listener}/live/client.js`);
const board = new Leaderboard($("board"));
const log = new FrameLog($("log"));
const track = new TrackView($("track"), info.outline);
const rates = new Plot($("rate-plot"), $("rate"), "");
const delays = new Plot($("delay-plot"), $("delay"), " ms");
const latencies = new Latencies();
const inspector = new Inspector($("topics"), inspect);
let line = new Line($("line"));
let ballast;
let counter = new Counter();
let live;
let socket;
let practice;
let state = { phase: "connecting" };
let mayPractise = false;

/** Sends a JSON body to Directus, with the cookie. */
function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function refreshSession() {
  try {
    return (await post("/auth/refresh", { mode: "session" })).ok;
  } catch {
    return false;
  }
}

function nameOf({ first_name, last_name, email, id }) {
  return [first_name, last_name].filter(Boolean).join(" ") || email || id;
}

function showLogin(message = "") {
  live?.close();
  live = undefined;
  document.body.dataset.view = "login";
  write($("login-error"), message);
  $("email").focus();
}

function showApp(user) {
  document.body.dataset.view = "app";
  write($("user"), nameOf(user));
  board.clear();
  track.clear();
  log.clear();
  counter = new Counter();
  for (const plot of [rates, delays]) plot.clear();
  inspector.clear();
  line = new Line($("line"));
  practice = ballast = undefined;
  mayPractise = info.practiceReaders.includes(user.email);
  showPractice();
  showAnswer();
  begin();
}

/** Connects, and listens to the race. */
function begin() {
  live = connect(`ws://${listener}/?line=${line.id}`, {
    onState: showState,
    refresh: refreshSession,
    webSocket: (url) => socket = createWatchedSocket(url, showFrame),
  });
  showState(live.state);
  let start;
  live.subscribe(info.race, {
    onStart(next) {
      start = next;
      line.began(next);
    },
    onMessage(message) {
      const { key, data } = message;
      take(message, start);
      if (message.offset > start.offset) latencies.add(Date.now() - data.at);
      track.update(`${info.race} ${key}`, data, false);
      board.update(`${info.race} ${key}`, data);
    },
  });
}

/** Counts a message, whatever it is about. */
function take(message, start) {
  counter.add();
  line.took(message, start);
}

/** Listens to a topic of which nothing but its frames is shown. */
function inspect(topic, onEnd) {
  return live.subscribe(topic, { onMessage: (message) => take(message), onEnd });
}

/** Makes this client slow, with more to read than it can, or quick again. */
async function toggleSlow() {
  const slow = !line.slow;
  if (slow) ballast = inspect(info.ballast, () => ballast = undefined);
  await line.setSlow(slow);
  if (!slow) ballast?.unsubscribe();
  showSlow();
}

function showSlow() {
  $("slow").setAttribute("aria-pressed", String(line.slow));
}

/** Listens to the practice as well, or no longer. */
function togglePractice() {
  if (practice) return practice.unsubscribe();
  practice = live.subscribe(info.practice, {
    onStart: showPractice,
    onMessage({ key, data }) {
      counter.add();
      track.update(`${info.practice} ${key}`, data, true);
    },
    onEnd() {
      practice = undefined;
      showPractice();
    },
  });
}

/** Puts a frame into the log, and the server's answers beside it. */
function showFrame(direction, text) {
  log.add(direction, text);
  if (direction === "out") return;
  for (const message of [JSON.parse(text)].flat()) {
    const isOfRace = message.topic === info.race && message.type !== "error";
    if (message.type !== "welcome" && message.type !== "message" && !isOfRace) showAnswer(message);
  }
}

function showState(next) {
  state = next;
  const { phase } = next;
  if (phase === "closed" && (next.code === 4401 || next.code === 4501)) {
    return showLogin(reasonOf(next));
  }
  if (phase === "open") {
    const { user, instance, connection } = next.welcome;
    write($("user"), nameOf(user));
    write($("instance"), instance);
    write($("connection"), connection);
  }
  const names = { connecting: "Connecting", open: "Live", waiting: "Retrying", closed: "Ended" };
  $("state").dataset.phase = phase;
  write($("state-name"), names[phase]);
  write($("state-reason"), "reason" in next ? reasonOf(next) : "");
  $("retry").hidden = phase !== "waiting";
  for (const button of document.querySelectorAll("[data-live]")) {
    button.disabled = phase !== "open";
  }
  showCountdown();
}

/** Writes the seconds to the next try, apart from the text that is read out. */
function showCountdown() {
  const seconds = state.retryAt === undefined
    ? ""
    : ` in ${Math.max(0, Math.ceil((state.retryAt - Date.now()) / 1000))} s`;
  write($("state-countdown"), seconds);
}

function showPractice() {
  write($("race-title"), practice ? "Event 42, and 43 as rings" : "Event 42");
  write(
    $("practice"),
    practice
      ? "Unsubscribe from event 43"
      : `Subscribe to event 43${mayPractise ? "" : " (forbidden)"}`,
  );
}

function showAnswer(answer) {
  const output = $("answer");
  output.dataset.kind = answer?.type ?? "none";
  if (!answer) return write(output, "The server's answer appears here.");
  const { messages, ...rest } = answer;
  const shown = messages ? { ...rest, messages: `${messages.length} messages` } : rest;
  write(output, JSON.stringify(shown, null, 2));
}

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  try {
    const response = await post("/auth/login", { email, password, mode: "session" });
    if (response.ok) return await enter();
    const { errors } = await response.json();
    showLogin(errors[0].message);
  } catch {
    showLogin("The demo cannot be reached.");
  }
});

$("logout").addEventListener("click", async () => {
  await post("/auth/logout", { mode: "session" });
  showLogin();
});

$("slow").addEventListener("click", toggleSlow);
$("cut").addEventListener("click", async () => {
  ballast?.unsubscribe();
  await line.cut();
  showSlow();
});
$("inspect").addEventListener("submit", (event) => {
  event.preventDefault();
  inspector.add(new FormData(event.target).get("topic").trim());
});
$("practice").addEventListener("click", togglePractice);
$("wrong").addEventListener("click", () => socket.send("This is not JSON"));
$("retry").addEventListener("click", () => live.retry());
$("pause").addEventListener("click", ({ currentTarget }) => {
  log.paused = !log.paused;
  currentTarget.setAttribute("aria-pressed", String(log.paused));
});
$("answers-only").addEventListener("change", ({ target }) => {
  log.answersOnly = target.checked;
  log.clear();
});

setInterval(() => {
  if (document.body.dataset.view !== "app") return;
  track.setLeaders(board.render().slice(0, 3));
  log.render();
  rates.add(counter.perSecond());
  delays.add(latencies.take());
  write($("total"), counter.total.toLocaleString("en"));
  showCountdown();
}, 250);

/** Shows the app to whoever has a session, the form to others. */
async function enter() {
  const response = await fetch("/users/me?fields=id,email,first_name,last_name");
  if (response.ok) showApp((await response.json()).data);
  else showLogin();
}

await enter();
