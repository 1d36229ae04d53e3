/**
 * The demo's page: logs in, connects, and shows what arrives on the track and in the panels.
 *
 * @module
 */

import { EntryLists } from "./entries.js";
import { countdownTo, createWatchedSocket, reasonOf } from "./frames.js";
import { Inspector } from "./inspector.js";
import { Line } from "./line.js";
import { Answer, Counter, FrameLog, Leaderboard, write } from "./panel.js";
import { Latencies, Plot } from "./plot.js";
import { currentUser, logIn, logOut, nameOf, refresh } from "./session.js";
import { TrackView } from "./track.js";

const $ = (id) => document.getElementById(id);

const info = await (await fetch("/demo.json")).json();
const listener = `${location.hostname}:${info.livePort}`;
const { connect } = await import(`http://${listener}/live/client.js`);
const board = new Leaderboard($("board"));
const log = new FrameLog($("log"));
const answer = new Answer($("answer"));
const track = new TrackView($("track"), info.outline);
const rates = new Plot($("rate-plot"), $("rate"), "");
const delays = new Plot($("delay-plot"), $("delay"), " ms");
const latencies = new Latencies();
const entries = new EntryLists($("entries"), connect, `ws://${listener}`);
const inspector = new Inspector($("topics"), inspect);
let line = new Line($("line"));
let ballast;
let counter = new Counter();
let live;
let socket;
let practice;
let state = { phase: "connecting" };
let mayPractise = false;

function showLogin(message = "") {
  live?.close();
  live = undefined;
  entries.end();
  document.body.dataset.view = "login";
  write($("login-error"), message);
  $("email").focus();
}

function showApp(user) {
  document.body.dataset.view = "app";
  write($("user"), nameOf(user));
  board.clear();
  track.clear();
  write($("retired"), "");
  log.clear();
  counter = new Counter();
  for (const plot of [rates, delays]) plot.clear();
  inspector.clear();
  line = new Line($("line"));
  practice = ballast = undefined;
  mayPractise = info.practiceReaders.includes(user.email);
  showPractice();
  answer.clear();
  begin();
  entries.begin(live, user, info.users.find((email) => email !== user.email));
}

/** Connects, and subscribes to the race. */
function begin() {
  live = connect(`ws://${listener}/?line=${line.id}`, {
    onState: showState,
    refresh,
    webSocket: (url) => socket = createWatchedSocket(url, showFrame),
  });
  showState(live.state);
  let start;
  live.subscribe(info.race, {
    onStart(next) {
      start = next;
      line.started(next);
      if (next.recovered) return;
      track.clear(info.race);
      board.clear();
    },
    onMessage(message) {
      const { key, data, removed } = message;
      const id = `${info.race} ${key}`;
      take(message, start);
      if (removed) return retire(id);
      if (message.offset > start.offset) latencies.add(Date.now() - data.at);
      track.update(id, data, false);
      board.update(id, data);
    },
  });
}

/** Takes a vehicle off the track and out of the standings. */
function retire(id) {
  track.remove(id);
  const vehicle = board.remove(id);
  if (vehicle) write($("retired"), `${vehicle.name} (${vehicle.number}) has retired.`);
}

/** Counts a message of any topic. */
function take(message, start) {
  counter.add();
  line.took(message, start);
}

/** Subscribes to a topic of which only the frames are shown. */
function inspect(topic, onEnd) {
  return live.subscribe(topic, { onMessage: (message) => take(message), onEnd });
}

/** Makes this client slow, with more data than its line carries, or fast again. */
async function toggleSlow() {
  const slow = !line.slow;
  if (slow) ballast = inspect(info.ballast, () => ballast = undefined);
  await line.setSlow(slow);
  if (!slow) ballast?.unsubscribe();
  $("slow").ariaPressed = String(line.slow);
}

/** Subscribes to the practice, or unsubscribes. */
function togglePractice() {
  if (practice) return practice.unsubscribe();
  practice = live.subscribe(info.practice, {
    onStart({ recovered }) {
      if (!recovered) track.clear(info.practice);
      showPractice();
    },
    onMessage({ key, data, removed }) {
      const id = `${info.practice} ${key}`;
      counter.add();
      if (removed) track.remove(id);
      else track.update(id, data, true);
    },
    onEnd() {
      track.clear(info.practice);
      practice = undefined;
      showPractice();
    },
  });
}

/** Adds a frame to the log, and shows the server's answers that no other panel shows. */
function showFrame(direction, text) {
  log.add(direction, text);
  if (direction === "out") return;
  for (const message of [JSON.parse(text)].flat()) {
    entries.took(message);
    const { type, topic = "" } = message;
    const isOfPanel = topic === info.race || topic.startsWith("view:");
    if (type === "welcome" || type === "message" || isOfPanel && type !== "error") continue;
    answer.show(message);
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

/** Writes the seconds until the next attempt, apart from the text for screen readers. */
function showCountdown() {
  write($("state-countdown"), countdownTo(state.retryAt));
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

$("login").addEventListener("submit", async (event) => {
  event.preventDefault();
  const { email, password } = Object.fromEntries(new FormData(event.target));
  const fault = await logIn(email, password);
  if (fault === undefined) await enter();
  else showLogin(fault);
});

$("logout").addEventListener("click", async () => {
  await logOut();
  showLogin();
});

$("slow").addEventListener("click", toggleSlow);
$("cut").addEventListener("click", async () => {
  ballast?.unsubscribe();
  await line.cut();
  $("slow").ariaPressed = String(line.slow);
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

/** Shows the app if there is a session, otherwise the form. */
async function enter() {
  const user = await currentUser();
  if (user) showApp(user);
  else showLogin();
}

await enter();
