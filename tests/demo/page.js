/**
 * The demo's page: logs in, connects, and puts what arrives on the track and into the panels.
 *
 * @module
 */

import { LiveConnection } from "./connection.js";
import { Counter, FrameLog, Leaderboard, write } from "./panel.js";
import { TrackView } from "./track.js";

const $ = (id) => document.getElementById(id);

const info = await (await fetch("/demo.json")).json();
const board = new Leaderboard($("board"));
const log = new FrameLog($("log"));
const track = new TrackView($("track"), info.outline);
let counter = new Counter();
let connection;
let state = { phase: "connecting", text: "Connecting" };
let sees = new Set();
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
  connection?.close();
  connection = undefined;
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
  sees = new Set();
  mayPractise = info.practiceReaders.includes(user.email);
  showPractice();
  showAnswer();
  connect();
}

function connect() {
  connection = new LiveConnection(`ws://${location.hostname}:${info.livePort}/`, {
    onState: showState,
    onWelcome(welcome) {
      write($("user"), nameOf(welcome.user));
      write($("instance"), welcome.instance);
      write($("connection"), welcome.connection);
    },
    onMessage({ topic, key, data }) {
      counter.add();
      const inRace = topic === info.race;
      track.update(`${topic} ${key}`, data, !inRace);
      if (inRace) board.update(`${topic} ${key}`, data);
    },
    onAnswer(answer) {
      if (answer.type === "subscribed") sees.add(answer.topic);
      if (answer.type === "unsubscribed") sees.delete(answer.topic);
      showPractice();
      if (answer.type === "error" || answer.topic !== info.race) showAnswer(answer);
    },
    onFrame: (direction, text) => log.add(direction, text),
    refresh: refreshSession,
  });
  connection.subscribe(info.race);
  connection.connect();
}

function showState(next) {
  state = next;
  if (next.loggedOut) return showLogin(next.text);
  const names = {
    connecting: "Connecting",
    live: "Live",
    retrying: "Retrying",
    ended: "Ended",
  };
  $("state").dataset.phase = next.phase;
  write($("state-name"), names[next.phase]);
  write($("state-reason"), next.phase === "live" ? "" : next.text);
  $("retry").hidden = next.phase !== "retrying";
  for (const button of document.querySelectorAll("button[data-live]")) {
    button.disabled = next.phase !== "live";
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
  write($("race-title"), sees.has(info.practice) ? "Event 42, and 43 as rings" : "Event 42");
  write(
    $("practice"),
    sees.has(info.practice)
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
    if (response.ok) return await begin();
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

$("practice").addEventListener("click", () => {
  if (sees.has(info.practice)) connection.unsubscribe(info.practice);
  else connection.subscribe(info.practice);
});

$("wrong").addEventListener("click", () => connection.send("This is not JSON"));
$("retry").addEventListener("click", () => connection.connect());
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
  write($("rate"), counter.perSecond().toLocaleString("en"));
  write($("total"), counter.total.toLocaleString("en"));
  showCountdown();
}, 250);

/** Shows the app to whoever has a session, the form to others. */
async function begin() {
  const response = await fetch("/users/me?fields=id,email,first_name,last_name");
  if (response.ok) showApp((await response.json()).data);
  else showLogin();
}

await begin();
